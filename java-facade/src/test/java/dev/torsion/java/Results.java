// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The results of futures, within a deadline that no test should need. */
final class Results {
  private Results() {}

  /** The value of {@code future}. */
  static <T> T of(Future<T> future) {
    try {
      return future.get(20, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("the future failed", e.getCause());
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no result", e);
    }
  }

  /** The failure of {@code future}, which is a {@code type}. */
  static <E extends Throwable> E failure(Class<E> type, Future<?> future) {
    try {
      Object value = future.get(20, TimeUnit.SECONDS);
      return fail("the future has a value: " + value);
    } catch (ExecutionException e) {
      return assertInstanceOf(type, e.getCause());
    } catch (CancellationException e) {
      return assertInstanceOf(type, e);
    } catch (InterruptedException | TimeoutException e) {
      throw new AssertionError("no result", e);
    }
  }
}
