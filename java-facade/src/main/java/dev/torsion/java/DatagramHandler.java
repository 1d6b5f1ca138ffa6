// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.framing.Datagram;

/**
 * Handles each message of a {@link Datagrams}; see {@link Datagrams#onDatagram}.
 *
 * <pre>{@code
 * port.onDatagram(datagram -> port.send(datagram.message(), datagram.sender()));
 * }</pre>
 *
 * @param <T> the type of the messages
 */
@FunctionalInterface
public interface DatagramHandler<T> {
  /**
   * Handles {@code datagram}, on the reactor's thread; it must not block. Nothing waits for what it
   * has begun.
   *
   * @throws Exception for an error, which is reported; the port lives on
   */
  void handle(Datagram<T> datagram) throws Exception;
}
