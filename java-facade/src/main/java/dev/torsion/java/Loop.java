// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.DeferredCancelledException;
import dev.torsion.defer.Failure;
import dev.torsion.defer.Place;
import dev.torsion.defer.UnseenFutures;
import dev.torsion.log.Logger;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.reactor.Phase;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.Reactors;
import dev.torsion.reactor.SystemEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The way from any thread to the reactor's, and back as futures. */
final class Loop {
  private static final Logger log = new Logger(Torsion.class);

  static {
    Place.addLibrary(Loop.class); // reports name the user's line
  }

  /** The failures that are not reported when nobody sees them: the reactor's end is no fault. */
  static final Predicate<Throwable> IS_END = error -> error instanceof ReactorNotRunningException;

  /** The same for what is told otherwise too. */
  static final Predicate<Throwable> IS_ANY = error -> true;

  final Reactor reactor;

  /** The thread that may use the reactor directly as long as it has not been run. */
  private volatile @Nullable Thread setUpThread;

  // The reactor's thread only: futures that no event of the reactor would complete once it has
  // stopped.
  private final Set<Deferred<?>> pending = new LinkedHashSet<>();
  private final Set<Deferred<?>> pendingUntilEnd = new LinkedHashSet<>();
  private boolean stopped;

  Loop(Reactor reactor, @Nullable Thread setUpThread) {
    this.reactor = reactor;
    this.setUpThread = setUpThread;
    act(
        () -> {
          if (setUpThread != null) atEvent(Phase.BEFORE, SystemEvent.STARTUP, this::setUpDone);
          atEvent(Phase.AFTER, SystemEvent.SHUTDOWN, this::failPending);
          Reactors.whenEnded(reactor, this::failAll);
        });
  }

  private void atEvent(Phase phase, SystemEvent event, Runnable action) {
    reactor.addSystemEventTrigger(
        phase,
        event,
        () -> {
          action.run();
          return null;
        });
  }

  /** From now on the reactor belongs to the thread that runs it. */
  private void setUpDone() {
    setUpThread = null;
  }

  /** Runs {@code action} on the reactor's thread: now when this is it, otherwise soon. */
  void act(Runnable action) {
    if (reactor.isInReactorThread() || Thread.currentThread() == setUpThread) {
      action.run();
    } else {
      reactor.callFromThread(action);
    }
  }

  /** {@link #act}, but nothing when the reactor has stopped: its parts have stopped with it. */
  void actIfRunning(Runnable action) {
    try {
      act(action);
    } catch (ReactorNotRunningException e) {
      // All connections, ports and timers have ended with the reactor.
    }
  }

  /** The result of {@code work}, which is called on the reactor's thread, as a future. */
  <T> CompletableFuture<T> future(Callable<Deferred<T>> work) {
    return future(work, IS_END);
  }

  /** The same; {@code quiet} errors are not reported when nobody looks at the future. */
  <T> CompletableFuture<T> future(Callable<Deferred<T>> work, Predicate<Throwable> quiet) {
    return begin(new Deferred<T>().addAsyncCallback(nothing -> work.call()), quiet, null);
  }

  /**
   * {@link #futureUntilStop} for work that opens something: {@code unwanted} closes it when nobody
   * gets it.
   */
  <T> CompletableFuture<T> opening(Callable<Deferred<T>> work, Consumer<T> unwanted) {
    return opening(work, unwanted, null);
  }

  /** The same; the report of a failure that nobody looks at names {@code place}. */
  <T> CompletableFuture<T> opening(
      Callable<Deferred<T>> work, Consumer<T> unwanted, @Nullable Place place) {
    return keepingUntilStop(() -> work.call().onUndelivered(unwanted), place);
  }

  /** {@link #future} for work that would not be completed any more once the reactor has stopped. */
  <T> CompletableFuture<T> futureUntilStop(Callable<Deferred<T>> work) {
    return futureUntilStop(work, IS_END);
  }

  /** The same; {@code quiet} errors are not reported when nobody looks at the future. */
  <T> CompletableFuture<T> futureUntilStop(Callable<Deferred<T>> work, Predicate<Throwable> quiet) {
    return untilStop(new Deferred<>(), work, quiet, null);
  }

  /** {@link #futureUntilStop} for work that threads which the reactor waits for may complete. */
  <T> CompletableFuture<T> futureUntilEnd(Callable<Deferred<T>> work) {
    return until(pendingUntilEnd, new Deferred<>(), work, IS_END, null);
  }

  /** {@link #futureUntilStop} for work whose value goes back when nobody is handed it. */
  <T> CompletableFuture<T> keepingUntilStop(Callable<Deferred<T>> work) {
    return keepingUntilStop(work, null);
  }

  private <T> CompletableFuture<T> keepingUntilStop(
      Callable<Deferred<T>> work, @Nullable Place place) {
    // A future asks its Deferred beforehand whether its value may be one that goes back.
    return untilStop(new Deferred<T>().onUndelivered(nothing -> {}), work, IS_END, place);
  }

  private <T> CompletableFuture<T> untilStop(
      Deferred<T> result,
      Callable<Deferred<T>> work,
      Predicate<Throwable> quiet,
      @Nullable Place place) {
    return until(
        pending,
        result,
        () -> {
          if (stopped) throw new ReactorNotRunningException("The reactor has stopped.");
          return work.call();
        },
        quiet,
        place);
  }

  private <T> CompletableFuture<T> until(
      Set<Deferred<?>> pending,
      Deferred<T> result,
      Callable<Deferred<T>> work,
      Predicate<Throwable> quiet,
      @Nullable Place place) {
    return begin(
        result
            .addAsyncCallback(
                nothing -> {
                  pending.add(result);
                  return work.call();
                })
            .addBoth(
                outcome -> {
                  pending.remove(result);
                  if (stopped
                      && outcome instanceof Failure failure
                      && failure.getValue() instanceof DeferredCancelledException) {
                    throw new ReactorNotRunningException(
                        "The reactor has stopped before there was a result.");
                  }
                  return outcome.get();
                }),
        quiet,
        place);
  }

  /**
   * Fires {@code result} with nothing, on the reactor's thread: its first callback begins the work
   * and gives what the others go on with.
   */
  private <T> CompletableFuture<T> begin(
      Deferred<T> result, Predicate<Throwable> quiet, @Nullable Place place) {
    CompletableFuture<T> future = UnseenFutures.toFuture(result, reactor, quiet, place);
    try {
      act(
          () -> {
            if (!future.isDone()) result.callback(null); // otherwise it was cancelled on the way
          });
    } catch (ReactorNotRunningException e) {
      result.errback(e);
    }
    return future;
  }

  private void failPending() {
    setUpDone(); // when it has never run
    stopped = true;
    new ArrayList<>(pending).forEach(Deferred::cancel);
  }

  /**
   * The last thing that happens; a reactor that crashed while it was stopping has run no trigger.
   */
  private void failAll() {
    failPending();
    new ArrayList<>(pendingUntilEnd).forEach(Deferred::cancel);
  }

  /** Has the reactor report {@code error}, like an exception of a callback. */
  void report(Throwable error) {
    try {
      reactor.callFromThread(() -> new Failure(error).raise());
    } catch (ReactorNotRunningException e) {
      log.failure("an error that came when the reactor had stopped", error);
    }
  }

  /**
   * {@code time} in nanoseconds. A longer time than fits, 292 years, is as good as for ever.
   *
   * @throws IllegalArgumentException when it is negative
   */
  static long nanos(Duration time) {
    if (time.isNegative()) {
      throw new IllegalArgumentException("a time must not be negative, but " + time + " was given");
    }
    return TimeUnit.NANOSECONDS.convert(time); // which saturates
  }
}
