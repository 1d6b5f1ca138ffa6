// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Sees each new connection of a {@link KeptConnection} before anybody else does, to log in or to
 * set a handler; the {@code prepareConnection} of Twisted's {@code ClientService}.
 *
 * @param <T> the type of the messages
 */
@FunctionalInterface
public interface ConnectionPreparation<T> {
  /**
   * Prepares {@code connection}. When it throws, or its stage fails, the connection is aborted with
   * that as the cause, and counts as a failed attempt.
   *
   * <p>Thread: the reactor's, so it must not block.
   *
   * @return a stage that is waited for, and cancelled when the connection ends or nobody wants it
   *     any more; null when there is nothing to wait for
   */
  @Nullable CompletionStage<?> prepare(Connection<T> connection) throws Exception;
}
