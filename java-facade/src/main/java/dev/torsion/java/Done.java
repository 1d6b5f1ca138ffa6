// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A future that is done: one for all who send, so that sending allocates nothing. Stages that are
 * added run at once and leave no trace in it, and its result cannot be replaced.
 */
final class Done extends CompletableFuture<Void> {
  static final CompletableFuture<Void> FUTURE = new Done();

  private Done() {
    complete(null);
  }

  @Override
  public <U> CompletableFuture<U> newIncompleteFuture() {
    return new CompletableFuture<>();
  }

  @Override
  public void obtrudeValue(@Nullable Void value) {
    throw new UnsupportedOperationException("the result of a message that was sent is final");
  }

  @Override
  public void obtrudeException(Throwable error) {
    throw new UnsupportedOperationException("the result of a message that was sent is final");
  }
}
