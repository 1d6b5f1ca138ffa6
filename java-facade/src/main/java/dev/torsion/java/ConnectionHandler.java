// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

/**
 * Hears of each new connection of a {@link Server}.
 *
 * <pre>{@code
 * torsion.serve("tcp:8007", Codecs.line(), connection -> connection.onMessage(connection::send));
 * }</pre>
 *
 * @param <T> the type of the messages
 */
@FunctionalInterface
public interface ConnectionHandler<T> {
  /**
   * The connection is established: say here what happens to its messages, most often with {@link
   * Connection#onMessage}, or keep the connection. On the reactor's thread; it must not block.
   *
   * @throws Exception for an error, which is reported, and aborts the connection
   */
  void connected(Connection<T> connection) throws Exception;
}
