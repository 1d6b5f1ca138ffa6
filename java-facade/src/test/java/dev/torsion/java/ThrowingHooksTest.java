// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import dev.torsion.framing.MalformedContentException;
import dev.torsion.log.LogObserver;
import dev.torsion.log.LogPublisher;
import dev.torsion.log.StandInException;
import dev.torsion.net.CloseReason;
import dev.torsion.service.RetryPolicy;
import dev.torsion.testkit.MemoryReactor;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every hook of this facade throws everything that there is to throw. Each time the loop lives on,
 * connections end, futures complete, and the error is reported or told to whoever waits.
 */
@SuppressWarnings("FutureReturnValueIgnored")
class ThrowingHooksTest {
  private static final String ADDRESS = "tcp:127.0.0.1:8007";

  /** The exceptions of a user's code; a cancellation means something else in some places. */
  private static final Map<String, Supplier<Throwable>> THROWABLES = new LinkedHashMap<>();

  static {
    THROWABLES.put("a RuntimeException", () -> new IllegalStateException("on purpose"));
    THROWABLES.put("a checked exception", () -> new IOException("on purpose"));
    THROWABLES.put("an OutOfMemoryError", () -> new OutOfMemoryError("on purpose"));
    THROWABLES.put("a StackOverflowError", StackOverflowError::new);
    THROWABLES.put("a NoClassDefFoundError", () -> new NoClassDefFoundError("on/purpose"));
    THROWABLES.put("an AssertionError", () -> new AssertionError("on purpose"));
    THROWABLES.put("an exception without a text", WithoutText::new);
    THROWABLES.put("an error without a text", ErrorWithoutText::new);
  }

  private final List<LogObserver> usual = LogPublisher.global().observers();

  @BeforeEach
  void silence() {
    usual.forEach(LogPublisher.global()::removeObserver);
  }

  @AfterEach
  void speak() {
    usual.forEach(LogPublisher.global()::addObserver);
  }

  @TestFactory
  Stream<DynamicTest> hooks() {
    Map<String, Consumer<Run>> hooks = new LinkedHashMap<>();
    hooks.put("callLater", run -> run.torsion.callLater(Duration.ofMillis(1), run::fail));
    hooks.put(
        "deferLater",
        run -> run.mustComplete(run.torsion.deferLater(Duration.ofMillis(1), run::failing)));
    hooks.put(
        "every",
        run -> run.mustComplete(run.torsion.every(Duration.ofMillis(1), run::fail).done()));
    hooks.put(
        "call(Callable)",
        run -> run.mustComplete(run.torsion.call((Callable<String>) run::failing)));
    hooks.put("call(Runnable)", run -> run.mustComplete(run.torsion.call((Runnable) run::fail)));
    hooks.put("deferToThread", run -> run.mustComplete(run.torsion.deferToThread(run::failing)));
    hooks.put(
        "watchHealth",
        run -> {
          var watch = run.torsion.watchHealth(Duration.ofMillis(1), health -> run.fail());
          run.torsion.callLater(Duration.ofMillis(2), () -> {}); // a turn to report on
          run.torsion.callLater(Duration.ofMillis(5), watch::close);
        });
    hooks.put("beforeStop", run -> run.torsion.beforeStop(run::fail));
    hooks.put(
        "connected",
        run ->
            run.asking(
                Codecs.line(),
                connection -> {
                  run.fail();
                }));
    hooks.put(
        "onMessage",
        run ->
            run.asking(
                Codecs.line(),
                connection ->
                    connection.onMessage(
                        m -> {
                          run.fail();
                          return null;
                        })));
    hooks.put(
        "onMessage, by a stage",
        run ->
            run.asking(Codecs.line(), connection -> connection.onMessage(m -> run.failingStage())));
    hooks.put(
        "onEach",
        run -> run.asking(Codecs.line(), connection -> connection.onEach(m -> run.fail())));
    // Bytes that cannot be decoded are the peer's fault: the reason of the end says so.
    hooks.put(
        "decode",
        run ->
            run.asking(
                run.codec(run::fail, () -> {}),
                connection -> {
                  connection.closed().thenAccept(run::ended);
                  connection.onEach(m -> {});
                }));
    hooks.put(
        "encode", run -> run.asking(run.codec(() -> {}, run::fail), c -> c.onMessage(c::send)));
    hooks.put("a client's encode", run -> run.askingWith(run.codec(() -> {}, run::fail)));
    hooks.put("onSubscribe", run -> run.subscribing(run::fail, m -> {}, () -> {}));
    hooks.put("onNext", run -> run.subscribing(() -> {}, m -> run.fail(), () -> {}));
    hooks.put("onComplete", run -> run.subscribing(() -> {}, m -> {}, run::fail));
    hooks.put("start", run -> run.mustComplete(run.torsion.services().add(run.service(true))));
    hooks.put(
        "stop",
        run ->
            run.mustComplete(
                run.torsion.services().add(run.service(false)).thenCompose(StartedService::stop)));
    hooks.put(
        "prepare",
        run -> {
          run.asking(Codecs.line(), c -> c.onMessage(c::send));
          run.kept(Codecs.line(), connection -> run.failingStage(), n -> Duration.ofSeconds(1));
        });
    return hooks.entrySet().stream()
        .flatMap(
            hook ->
                THROWABLES.entrySet().stream()
                    .filter(kind -> isPossible(hook.getKey(), kind.getKey()))
                    .map(
                        kind ->
                            dynamicTest(
                                hook.getKey() + ": " + kind.getKey(),
                                () -> new Run(kind.getValue()).play(hook.getValue()))));
  }

  /** The older JDKs cannot complete a stage at all with an exception that has no text. */
  private static boolean isPossible(String hook, String kind) {
    boolean hasStage = hook.equals("onMessage, by a stage") || hook.equals("prepare");
    return !hasStage || !kind.endsWith("without a text") || completesWithoutText();
  }

  private static boolean completesWithoutText() {
    try {
      return CompletableFuture.completedFuture(1)
          .thenAccept(value -> Run.raise(new ErrorWithoutText()))
          .isCompletedExceptionally();
    } catch (Throwable e) {
      return false;
    }
  }

  /** A program in memory, of which one part fails. */
  private static final class Run {
    private final Supplier<Throwable> kind;
    private final List<Throwable> thrown = new ArrayList<>();
    private final List<Throwable> errors = new ArrayList<>();
    private final List<CompletableFuture<?>> futures = new ArrayList<>();
    private final MemoryReactor reactor = new MemoryReactor((context, error) -> errors.add(error));
    final Torsion torsion = Torsion.on(reactor);

    Run(Supplier<Throwable> kind) {
      this.kind = kind;
    }

    void fail() {
      Throwable error = kind.get();
      thrown.add(error);
      Run.<RuntimeException>raise(error);
    }

    @Nullable String failing() {
      fail();
      return null;
    }

    CompletionStage<Void> failingStage() {
      Throwable error = kind.get();
      thrown.add(error);
      return CompletableFuture.failedFuture(error);
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <E extends Throwable> void raise(Throwable error) throws E {
      throw (E) error;
    }

    <T> void mustComplete(CompletableFuture<T> future) {
      futures.add(future);
      // A stage of it has to be completed too, which the JDK cannot do with a cause that has no
      // text.
      futures.add(future.thenApply(value -> value));
    }

    Codec<String> codec(Runnable decode, Runnable encode) {
      return Codecs.line()
          .with(
              Content.of(
                  text -> {
                    encode.run();
                    return text.getBytes(UTF_8);
                  },
                  bytes -> {
                    decode.run();
                    return new String(bytes, UTF_8);
                  }));
    }

    /** A server, and a client that waits for its answer. */
    void asking(Codec<String> codec, ConnectionHandler<String> handler) {
      mustComplete(torsion.serve("tcp:8007", codec, handler));
      ask(Codecs.line());
    }

    /** A violation has what the decoder has thrown as its cause, except for an overflown stack. */
    void ended(CloseReason reason) {
      errors.add(reason);
      if (reason.getCause() instanceof MalformedContentException) {
        thrown.stream().filter(StackOverflowError.class::isInstance).forEach(errors::add);
      }
    }

    void askingWith(Codec<String> codec) {
      mustComplete(torsion.serve("tcp:8007", Codecs.line(), c -> c.onMessage(c::send)));
      ask(codec);
    }

    private void ask(Codec<String> codec) {
      var connecting = torsion.connect(ADDRESS, codec);
      mustComplete(connecting);
      connecting.thenAccept(
          connection -> {
            mustComplete(connection.closed());
            var answer = connection.request("question");
            mustComplete(answer);
            answer.whenComplete((value, error) -> connection.close());
          });
    }

    void subscribing(Runnable onSubscribe, Consumer<String> onNext, Runnable onComplete) {
      mustComplete(
          torsion.serve(
              "tcp:8007",
              Codecs.line(),
              connection ->
                  connection
                      .messages()
                      .subscribe(
                          new Flow.Subscriber<>() {
                            @Override
                            public void onSubscribe(Flow.Subscription subscription) {
                              onSubscribe.run();
                              subscription.request(Long.MAX_VALUE);
                            }

                            @Override
                            public void onNext(String message) {
                              onNext.accept(message);
                            }

                            @Override
                            public void onError(Throwable error) {}

                            @Override
                            public void onComplete() {
                              onComplete.run();
                            }
                          })));
      var connecting = torsion.connect(ADDRESS, Codecs.line());
      mustComplete(connecting);
      connecting.thenAccept(
          connection -> {
            mustComplete(connection.closed());
            connection.send("message");
            connection.close();
          });
    }

    StageService service(boolean atStart) {
      return new StageService() {
        @Override
        public void start() {
          if (atStart) fail();
        }

        @Override
        public @Nullable CompletionStage<?> stop() {
          if (!atStart) fail();
          return null;
        }

        @Override
        public String toString() {
          throw new IllegalStateException("no text");
        }
      };
    }

    void kept(
        Codec<String> codec, ConnectionPreparation<String> preparation, RetryPolicy retryPolicy) {
      var kept =
          torsion
              .services()
              .keepConnected(
                  ADDRESS, codec, setUp -> setUp.retryPolicy(retryPolicy).preparation(preparation));
      var first = kept.connection(1);
      mustComplete(first);
      first.whenComplete((connection, error) -> mustComplete(kept.stop()));
    }

    void play(Consumer<Run> hook) {
      reactor.start();
      hook.accept(this);
      reactor.runFor(Duration.ofSeconds(30));
      boolean[] isAlive = {false};
      reactor.callFromThread(() -> isAlive[0] = true);
      reactor.flush();
      assertTrue(isAlive[0], "the loop lives");
      assertEquals(0, reactor.network().getConnections(), "open connections");
      reactor.close();
      assertTrue(!thrown.isEmpty(), "the hook was called");
      for (var future : futures) assertTrue(future.isDone(), "a future is not complete");
      for (Throwable error : thrown) {
        assertTrue(isTold(error), "reported, or told to whoever waited");
      }
    }

    private boolean isTold(Throwable error) {
      return Stream.concat(errors.stream(), futures.stream().flatMap(Run::failure))
          .anyMatch(told -> leadsTo(told, error));
    }

    private static Stream<Throwable> failure(CompletableFuture<?> future) {
      Throwable error = future.handle((value, e) -> e).join();
      return error == null ? Stream.of() : Stream.of(error);
    }

    private static boolean leadsTo(Throwable told, Throwable error) {
      Throwable at = told instanceof CompletionException ? told.getCause() : told;
      for (int i = 0; i < 10 && at != null; i++) {
        if (at == error) return true;
        if (at instanceof StandInException standIn && standIn.getOriginal() == error) return true;
        at = at.getCause();
      }
      return false;
    }
  }

  private static final class WithoutText extends Exception {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new IllegalStateException("no message");
    }

    @Override
    public String toString() {
      throw new IllegalStateException("no text");
    }
  }

  private static final class ErrorWithoutText extends Error {
    private static final long serialVersionUID = 1L;

    @Override
    public String getMessage() {
      throw new NoClassDefFoundError("Message");
    }

    @Override
    public String toString() {
      throw new StackOverflowError();
    }
  }
}
