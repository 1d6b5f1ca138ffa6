// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The one future of all who have sent: nobody can change it for the others. */
class DoneTest {
  @Test
  void nobodyCanChangeIt() {
    assertFalse(Done.FUTURE.complete(null));
    assertFalse(Done.FUTURE.completeExceptionally(new IllegalStateException("late")));
    assertFalse(Done.FUTURE.cancel(true));
    assertThrows(UnsupportedOperationException.class, () -> Done.FUTURE.obtrudeValue(null));
    assertThrows(
        UnsupportedOperationException.class,
        () -> Done.FUTURE.obtrudeException(new IllegalStateException("late")));
    assertNull(Done.FUTURE.join());
    assertFalse(Done.FUTURE.isCompletedExceptionally());
  }

  @Test
  void itsStagesRunAtOnceAndAreOrdinaryFutures() {
    List<String> ran = new ArrayList<>();
    CompletableFuture<String> stage =
        Done.FUTURE.thenApply(
            nothing -> {
              ran.add("stage");
              return "x";
            });
    assertEquals(List.of("stage"), ran);
    assertEquals(CompletableFuture.class, stage.getClass());
    stage.obtrudeValue("y");
    assertEquals("y", stage.join());
    assertEquals(0, Done.FUTURE.getNumberOfDependents());
    assertNotSame(Done.FUTURE, Done.FUTURE.copy());
    assertTrue(Done.FUTURE.orTimeout(1, TimeUnit.NANOSECONDS).isDone());
  }
}
