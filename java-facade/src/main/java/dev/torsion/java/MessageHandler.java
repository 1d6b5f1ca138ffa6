// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Handles each message of a {@link Connection}; see {@link Connection#onMessage}.
 *
 * <pre>{@code
 * connection.onMessage(question -> answer(question).thenCompose(connection::send));
 * }</pre>
 *
 * @param <T> the type of the messages
 */
@FunctionalInterface
public interface MessageHandler<T> {
  /**
   * Handles {@code message}, on the reactor's thread; it must not block.
   *
   * @return a stage that the next message waits for, or null for none
   * @throws Exception for an error, which is reported, and aborts the connection
   */
  @Nullable CompletionStage<?> handle(T message) throws Exception;
}
