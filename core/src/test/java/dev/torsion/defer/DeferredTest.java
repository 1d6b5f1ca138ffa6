// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.defer;

import static dev.torsion.defer.Deferreds.fail;
import static dev.torsion.defer.Deferreds.gatherResults;
import static dev.torsion.defer.Deferreds.maybeAsyncDeferred;
import static dev.torsion.defer.Deferreds.maybeDeferred;
import static dev.torsion.defer.Deferreds.race;
import static dev.torsion.defer.Deferreds.succeed;
import static dev.torsion.defer.Deferreds.toDeferred;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The package as a Java user meets it. */
class DeferredTest {
  private final List<Object> seen = new ArrayList<>();

  @Test
  void chainOfTypedSteps() {
    Deferred<Integer> source = new Deferred<>();
    Deferred<String> text =
        source.addCallback(value -> value + 1).addCallback(value -> "<" + value + ">");
    text.addCallback(seen::add);
    source.callback(1);
    assertEquals(List.of("<2>"), seen);
    assertTrue(source.isCalled());
  }

  @Test
  void callbacksMayThrowCheckedExceptions() {
    Deferred<String> text =
        succeed(Path.of("no", "such", "file"))
            .addCallback(path -> Files.readString(path))
            .addErrback(
                failure -> {
                  failure.trap(IOException.class, IllegalStateException.class);
                  return "none";
                });
    text.addCallback(seen::add);
    assertEquals(List.of("none"), seen);
  }

  @Test
  void asyncCallbacksAreTypedByTheirResult() {
    Deferred<Integer> inner = new Deferred<>();
    Deferred<Integer> outer =
        succeed("go").addAsyncCallback(word -> inner).addCallback(value -> value * 2);
    outer.addCallback(seen::add);
    inner.callback(4);
    assertEquals(List.of(8), seen);
  }

  @Test
  void bothSides() {
    IOException error = new IOException("down");
    fail(error)
        .addCallbacks(value -> "good", failure -> failure.getValue().getMessage())
        .addCallback(seen::add);
    Deferreds.<Integer>fail(error).addBoth(outcome -> outcome.isSuccess()).addCallback(seen::add);
    succeed(3)
        .addBoth(outcome -> outcome instanceof Success<?> ? outcome.get() : 0)
        .addCallback(seen::add);
    assertEquals(List.of("down", false, 3), seen);
  }

  @Test
  void cancellingCallsTheCanceller() {
    Deferred<Integer> work = new Deferred<>(deferred -> seen.add("stopped"));
    work.addErrback(
        failure -> {
          assertSame(
              DeferredCancelledException.class, failure.check(DeferredCancelledException.class));
          return 0;
        });
    work.cancel();
    assertEquals(List.of("stopped"), seen);
  }

  @Test
  void lists() {
    Deferred<Integer> one = new Deferred<>();
    Deferred<Integer> two = succeed(2);
    Deferred<List<Integer>> all = gatherResults(List.of(one, two));
    all.addCallback(seen::addAll);
    one.callback(1);
    assertEquals(List.of(1, 2), seen);
    new DeferredList<>(
            List.of(succeed("a"), Deferreds.<String>fail(new IOException())), false, true)
        .addCallback(outcomes -> seen.add(outcomes.get(0).get()));
    DeferredList.firstResult(List.of(new Deferred<String>(), succeed("first")))
        .addCallback(first -> seen.add(first.getIndex() + first.getValue()));
    race(List.of(new Deferred<String>(), succeed("won")))
        .addCallback(first -> seen.add(first.getValue()));
    assertEquals(List.of(1, 2, "a", "1first", "won"), seen);
  }

  @Test
  void maybe() {
    maybeDeferred(() -> Files.readString(Path.of("no", "such")))
        .addErrback(failure -> "none")
        .addCallback(seen::add);
    maybeAsyncDeferred(() -> succeed("made")).addCallback(seen::add);
    assertEquals(List.of("none", "made"), seen);
  }

  @Test
  void futuresBothWays() {
    Deferred<Integer> source = new Deferred<>();
    CompletableFuture<Integer> future =
        source.toCompletableFuture(Runnable::run).thenApply(value -> value + 1);
    source.callback(1);
    assertEquals(2, future.join());
    CompletableFuture<String> theirs = new CompletableFuture<>();
    toDeferred(theirs, Runnable::run).addCallback(seen::add);
    theirs.complete("back");
    assertEquals(List.of("back"), seen);
  }

  @Test
  void lockSemaphoreQueue() {
    DeferredLock lock = new DeferredLock();
    lock.run(() -> Files.readString(Path.of("no", "such")))
        .addErrback(failure -> "none")
        .addCallback(seen::add);
    assertFalse(lock.isLocked());
    DeferredSemaphore semaphore = new DeferredSemaphore(2);
    semaphore.acquire().addCallback(held -> seen.add(held.getTokens()));
    DeferredQueue<String> queue = new DeferredQueue<>(1, 1);
    queue.get().addCallback(seen::add);
    queue.put("object");
    queue.put("kept");
    assertThrows(QueueOverflow.class, () -> queue.put("too much"));
    assertEquals(List.of("none", 1, "object"), seen);
  }

  @Test
  void failuresAndListeners() throws Exception {
    Failure failure = new Failure(new FileNotFoundException("gone"));
    assertThrows(FileNotFoundException.class, failure::raise);
    assertTrue(
        failure
            .getBriefTraceback()
            .startsWith("Traceback: java.io.FileNotFoundException: gone\nDeferredTest.java:"));
    AutoCloseable listener =
        UnhandledFailures.addListener(
            report -> report.getFailure().equals(failure) && seen.add(report.getFailure()));
    UnhandledFailures.beginTurn();
    fail(failure);
    UnhandledFailures.endTurn();
    listener.close();
    assertEquals(List.of(failure), seen);
  }

  @Test
  void firingTwice() {
    Deferred<Integer> fired = succeed(1);
    assertThrows(AlreadyCalledException.class, () -> fired.callback(2));
    assertInstanceOf(
        IllegalStateException.class,
        assertThrows(AlreadyCalledException.class, () -> fired.errback(new IOException())));
  }
}
