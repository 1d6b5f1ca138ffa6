// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The extensions fail tests that leave something behind: fixtures whose tests do are run through
 * the JUnit platform.
 */
class ExtensionsTest {
  @ParameterizedTest
  @ValueSource(classes = {LeakyJUnitFixture.class, LeakyKotestFixture.class})
  void failsWhatLeavesSomethingBehind(Class<?> fixture) {
    var errors = run(fixture);
    assertEquals(13, errors.size(), errors::toString);
    assertNull(errors.get("nothing"));
    assertLeft(
        errors, "pendingCall", "pending call: DelayedCall(due in 5000 ms", "LeakFixtures.kt:");
    assertLeft(errors, "openPort", "open port: TcpPort(", "LeakFixtures.kt:");
    assertLeft(
        errors,
        "openConnection",
        "open connection: Connector(127.0.0.1:8007, connected)",
        "LeakFixtures.kt:");
    assertLeft(
        errors,
        "unhandledFailure",
        "Unhandled failure in Deferred made at LeakFixtures.kt:",
        "nobody cares");
    assertEquals("nobody cares", errors.get("unhandledFailure").getSuppressed()[0].getMessage());
    assertLeft(
        errors, "waitingCoroutine", "a coroutine that waits: ", "launched at LeakFixtures.kt:");
    assertLeft(
        errors,
        "waitingInline",
        "a coroutine that waits: ",
        "waiting on Deferred@",
        "made at LeakFixtures.kt:");
    assertLeft(
        errors,
        "endlessShutdown",
        "a shutdown that does not end: MemoryReactor(",
        "made at LeakFixtures.kt:");
    assertLeft(
        errors,
        "pausedFailure",
        "a failure that is held by pause: Deferred@",
        "held",
        "made at LeakFixtures.kt:");
    assertEquals("held", errors.get("pausedFailure").getSuppressed()[0].getMessage());
    assertLeft(
        errors,
        "unseenFuture",
        "a failed future that nobody has looked at made at LeakFixtures.kt:",
        "unseen");
    assertLeft(errors, "loggedError", "logged error: ", "ERROR the.program: could not it");
    assertEquals("logged", errors.get("loggedError").getSuppressed()[0].getMessage());
    assertLeft(errors, "clock", "pending call: DelayedCall(due in 1000 ms", "Fixture");
    assertInstanceOf(ArithmeticException.class, errors.get("failed"));
  }

  private static void assertLeft(Map<String, Throwable> errors, String test, String... parts) {
    var message = assertInstanceOf(AssertionError.class, errors.get(test), test).getMessage();
    for (var part : parts)
      assertTrue(message.contains(part), () -> "\"" + part + "\" is not in: " + message);
  }

  /** The error of each test of the fixture, null for those that pass. */
  private static Map<String, Throwable> run(Class<?> fixture) {
    var errors = new HashMap<String, Throwable>();
    var listener =
        new TestExecutionListener() {
          @Override
          public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            var name = test.getDisplayName().replaceAll("\\(.*", "");
            if (test.isTest()) errors.put(name, result.getThrowable().orElse(null));
          }
        };
    var request = LauncherDiscoveryRequestBuilder.request().selectors(selectClass(fixture)).build();
    LauncherFactory.create().execute(request, listener);
    return errors;
  }
}
