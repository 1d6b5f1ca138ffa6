// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.process.ProcessEnd;
import dev.torsion.process.ProcessTransport;
import dev.torsion.service.ProcessService;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * A process that is started again when it ends, from {@link Torsion#keepRunning}; one process of
 * Twisted's {@code ProcessMonitor}. {@link ProcessService} says when, and how it ends.
 *
 * <pre>{@code
 * var worker = torsion.keepRunning(ProcessCommand.of("worker", "--quiet"));
 * worker.stop().join();
 * }</pre>
 *
 * <p>There is never more than one process. It ends before the reactor stops.
 *
 * <p>Thread: all methods may be called on any thread.
 */
public final class KeptProcess implements AutoCloseable {
  private final Loop loop;
  private final ProcessService service;
  private final KeptService kept;

  KeptProcess(Loop loop, ServiceGroup services, ProcessService service) {
    this.loop = loop;
    this.service = service;
    kept = new KeptService(loop, services, service);
  }

  /**
   * The process: at once when it runs, otherwise when it does. It is to be used on the reactor's
   * thread. Ask again for the next one when it has ended.
   *
   * <p>The future fails with {@link java.util.concurrent.CancellationException} when this has
   * stopped, or stops meanwhile. Cancelling it only ends the waiting.
   */
  public CompletableFuture<ProcessTransport> process() {
    return loop.futureUntilStop(service::whenRunning);
  }

  /** How often a process was started after the first one, or was tried to. */
  public int restarts() {
    return service.getRestarts();
  }

  /** How the last process has ended; empty before the first end. */
  public Optional<ProcessEnd> lastEnd() {
    return Optional.ofNullable(service.getLastEnd());
  }

  /**
   * Starts a new process without a delay, as soon as the present one has been ended as by {@link
   * #stop}. Does nothing when this has stopped. Returns at once.
   */
  public void restart() {
    loop.actIfRunning(service::restart);
  }

  /**
   * Ends the process, and starts it no more. The future completes when it has ended. Stopping it
   * again waits for the same end.
   */
  public CompletableFuture<Void> stop() {
    return kept.stop();
  }

  /** {@link #stop()}, without waiting. */
  @Override
  public void close() {
    var unused = stop();
  }

  @Override
  public String toString() {
    return "KeptProcess(" + service + ")";
  }
}
