// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.testkit;

import static dev.torsion.testkit.DeferredAssertions.assertFailure;
import static dev.torsion.testkit.DeferredAssertions.assertNoResult;
import static dev.torsion.testkit.DeferredAssertions.failureResultOf;
import static dev.torsion.testkit.DeferredAssertions.successResultOf;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The assertions about results as a Java user sees them. */
class DeferredAssertionsTest {
  private final IOException error = new IOException("down");

  @Test
  void results() {
    int value = successResultOf(Deferreds.succeed(1));
    assertEquals(1, value);
    assertEquals("a", successResultOf(CompletableFuture.completedFuture("a")));
    assertSame(error, failureResultOf(Deferreds.fail(error), IOException.class).getValue());
    assertSame(error, failureResultOf(CompletableFuture.failedFuture(error)).getValue());
    assertNoResult(new Deferred<String>());
    assertNoResult(new CompletableFuture<String>());
    assertThrows(AssertionError.class, () -> successResultOf(new Deferred<String>()));
  }

  @Test
  void failuresToCome() {
    var deferred = new Deferred<String>();
    var asserted = assertFailure(deferred, IOException.class);
    deferred.errback(error);
    assertSame(error, successResultOf(asserted));
    assertSame(
        error, assertFailure(CompletableFuture.failedFuture(error), IOException.class).join());
  }
}
