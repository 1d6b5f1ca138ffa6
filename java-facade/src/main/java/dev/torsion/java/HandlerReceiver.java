// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Deferreds;
import dev.torsion.net.CloseReason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Gives the messages to a {@link MessageHandler} and waits for the stages that it returns. */
final class HandlerReceiver<T> implements Receiver<T> {
  private final Loop loop;
  private final MessageHandler<T> handler;
  private final BooleanSupplier isClosing;
  private final boolean endsUnseen;

  /**
   * @param endsUnseen whether the stages of {@code handler} do not say when its work ends
   */
  HandlerReceiver(
      Loop loop, MessageHandler<T> handler, BooleanSupplier isClosing, boolean endsUnseen) {
    this.loop = loop;
    this.handler = handler;
    this.isClosing = isClosing;
    this.endsUnseen = endsUnseen;
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public @Nullable Object take(T message) throws Exception {
    return ending(message);
  }

  /** Gives the handler {@code message}: the end of what it has begun, or null. */
  @Nullable Deferred<?> ending(T message) throws Exception {
    CompletionStage<?> stage = handler.handle(message);
    return stage == null || stage == Done.FUTURE || isDone(stage) ? null : ending(stage);
  }

  static boolean isDone(CompletionStage<?> stage) {
    if (!(stage instanceof CompletableFuture<?> future)) return false;
    try {
      return future.isDone() && !future.isCompletedExceptionally();
    } catch (UnsupportedOperationException e) {
      return false; // the JDK's minimal stages do not say
    }
  }

  /**
   * The end of {@code stage}; when the connection is closing, that it cannot be sent on is no
   * error.
   */
  private Deferred<?> ending(CompletionStage<?> stage) {
    return Deferreds.toDeferred(stage, loop.reactor)
        .<Void>addCallbacks(
            done -> null,
            failure ->
                failure.getValue() instanceof CloseReason && isClosing.getAsBoolean()
                    ? null
                    : failure.get());
  }

  @Override
  public boolean endsUnseen() {
    return endsUnseen;
  }

  @Override
  public void ended(Throwable end) {}
}
