// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A part of a program that starts and stops: like {@link dev.torsion.service.Service}, but with a
 * stage for its end. {@link ServiceGroup#add(StageService)} starts it.
 *
 * <p>Thread: both methods are called on the reactor's thread and must not block.
 */
public interface StageService {
  /** Begins the work. An exception fails the future of {@link ServiceGroup#add}. */
  void start() throws Exception;

  /**
   * Ends the work, after a start that did not throw.
   *
   * @return a stage that is complete when all has ended; null when it has already. The reactor
   *     waits for it before it stops
   */
  @Nullable CompletionStage<?> stop() throws Exception;
}
