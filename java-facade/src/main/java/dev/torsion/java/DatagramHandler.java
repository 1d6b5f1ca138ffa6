// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.framing.Datagram;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

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
   * Handles {@code datagram}, on the reactor's thread; it must not block.
   *
   * @return a stage whose failure is reported, or null for none. The next datagram does not wait
   *     for it: the network would not wait either
   * @throws Exception for an error, which is reported; the port lives on
   */
  @Nullable CompletionStage<?> handle(Datagram<T> datagram) throws Exception;
}
