// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.framing.Content;
import dev.torsion.framing.HandlerQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Gives the messages to a {@link MessageHandler} that works on several of them at once. */
final class QueueReceiver<T> implements Receiver<T> {
  /** One message more than the handler works on is taken. */
  private static final int WAITING = 1;

  private final HandlerQueue<T> queue;
  private final Content<T> content;

  QueueReceiver(
      HandlerReceiver<T> handler, int atOnce, Content<T> content, Consumer<Throwable> failed) {
    this.content = content;
    queue = new HandlerQueue<>(WAITING, atOnce, failed);
    queue.handleWith(handler::ending);
  }

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public @Nullable Object take(T message) {
    return queue.add(content.keep(message)); // the next one comes while this one is in work
  }

  @Override
  public @Nullable Deferred<?> unfinished() {
    return queue.getUnfinished();
  }

  @Override
  public boolean isAtWork() {
    return queue.isBusy();
  }

  @Override
  public boolean holdsMessages() {
    return !queue.isEmpty();
  }

  @Override
  public void stopped() {
    queue.clear();
  }

  @Override
  public void ended(Throwable end) {
    queue.ended(end);
  }
}
