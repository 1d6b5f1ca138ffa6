// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Comparator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;

/**
 * Every test that Reactive Streams has for publishers (its TCK), run on the messages of connections
 * over real sockets. The tests are TestNG's; here JUnit runs them.
 */
class PublisherRulesTest {
  /** What the TCK names but does not test, and what is optional: several subscribers at once. */
  private static final Pattern NOT_FOR_US = Pattern.compile("^untested_|^optional_spec111_");

  /** Long, so that a server that sends without end has soon sent its share of a turn. */
  private static final String LINE = "x".repeat(1000);

  private static Torsion torsion;
  private static Server server;

  @BeforeAll
  static void start() {
    torsion = Torsion.start();
    server =
        Results.of(
            torsion.serve(
                "tcp:0:interface=127.0.0.1",
                Codecs.line(),
                c -> c.onMessage(count -> sendLines(c, Integer.parseInt(count)))));
  }

  @AfterAll
  static void close() {
    torsion.close();
  }

  private static CompletableFuture<?> sendLines(Connection<String> c, int count) {
    for (int left = count; left > 0; left--) {
      var sent = c.send(LINE);
      int next = left - 1;
      if (!sent.isDone()) return sent.thenCompose(accepted -> sendLines(c, next));
    }
    c.close();
    return CompletableFuture.completedFuture(null);
  }

  @TestFactory
  Stream<DynamicTest> rules() {
    return Stream.of(FlowPublisherVerification.class.getMethods())
        .filter(method -> method.isAnnotationPresent(org.testng.annotations.Test.class))
        .filter(method -> !NOT_FOR_US.matcher(method.getName()).find())
        .sorted(Comparator.comparing(Method::getName))
        .map(method -> dynamicTest(method.getName(), () -> run(method)));
  }

  private static void run(Method method) throws Throwable {
    var rules = new Rules();
    rules.setUp();
    try {
      method.invoke(rules);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** Messages of a connection to the server above. */
  private static final class Rules extends FlowPublisherVerification<String> {
    Rules() {
      super(new TestEnvironment(2_000, 50));
    }

    @Override
    public long maxElementsFromPublisher() {
      return Integer.MAX_VALUE;
    }

    @Override
    public Flow.Publisher<String> createFlowPublisher(long elements) {
      var connection = connect();
      Results.of(connection.send(Long.toString(elements)));
      return connection.messages();
    }

    @Override
    public Flow.Publisher<String> createFailedFlowPublisher() {
      var connection = connect();
      connection.abort();
      Results.of(connection.closed());
      return connection.messages();
    }

    private static Connection<String> connect() {
      return Results.of(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.line()));
    }
  }
}
