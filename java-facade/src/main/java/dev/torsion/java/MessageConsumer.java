// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

/**
 * Takes each message of a {@link Connection}; see {@link Connection#onEach}.
 *
 * <pre>{@code
 * connection.onEach(line -> log.info("{line}", "line", line));
 * }</pre>
 *
 * @param <T> the type of the messages
 */
@FunctionalInterface
public interface MessageConsumer<T> {
  /**
   * Takes {@code message}, on the reactor's thread; it must not block.
   *
   * @throws Exception for an error, which is reported, and aborts the connection
   */
  void accept(T message) throws Exception;
}
