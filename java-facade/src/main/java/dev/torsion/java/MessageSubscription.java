// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.ConnectionDone;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Gives the messages to a subscriber as it asks for them, by the rules of Reactive Streams. */
final class MessageSubscription<T> implements Receiver<T>, Flow.Subscription {
  private final Loop loop;
  private final Receiving<T> receiving;
  private volatile Flow.@Nullable Subscriber<? super T> subscriber; // null once it is done
  private boolean started; // onSubscribe has returned
  private long demand;

  MessageSubscription(Loop loop, Receiving<T> receiving, Flow.Subscriber<? super T> subscriber) {
    this.loop = loop;
    this.receiving = receiving;
    this.subscriber = subscriber;
  }

  /** Tells {@code subscriber} that it gets nothing. */
  static void refuse(Loop loop, Flow.Subscriber<?> subscriber, Throwable why) {
    Runnable signals =
        () -> {
          subscriber.onSubscribe(NOTHING);
          subscriber.onError(why);
        };
    try {
      loop.act(signals);
    } catch (ReactorNotRunningException e) {
      signals.run();
    }
  }

  private static final Flow.Subscription NOTHING =
      new Flow.Subscription() {
        @Override
        public void request(long n) {}

        @Override
        public void cancel() {}
      };

  /** On the reactor's thread. */
  void start() {
    Flow.Subscriber<? super T> target = subscriber;
    try {
      if (target != null) target.onSubscribe(this);
    } catch (Throwable e) {
      cancel(); // rule 2.13
      throw e;
    }
    started = true;
    receiving.pump();
  }

  @Override
  public void request(long n) {
    if (subscriber != null) loop.actIfRunning(() -> requested(n));
  }

  private void requested(long n) {
    Flow.Subscriber<? super T> target = subscriber;
    if (target == null) return;
    if (n <= 0) {
      cancel();
      target.onError(
          new IllegalArgumentException(
              "a subscriber must request one message or more, but requested " + n + " (rule 3.9)"));
      return;
    }
    demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
    receiving.pump();
  }

  @Override
  public void cancel() {
    if (subscriber == null) return;
    subscriber = null;
    loop.actIfRunning(() -> receiving.forget(this));
  }

  @Override
  public boolean isReady() {
    return started && demand > 0 && subscriber != null;
  }

  @Override
  public @Nullable Object take(T message) {
    Flow.Subscriber<? super T> target = subscriber;
    if (target == null) return REFUSED; // cancelled on another thread this very moment
    if (demand != Long.MAX_VALUE) demand--;
    try {
      target.onNext(message);
    } catch (Throwable e) {
      cancel(); // rule 2.13
      throw e;
    }
    return null;
  }

  @Override
  public void ended(Throwable end) {
    Flow.Subscriber<? super T> target = subscriber;
    if (target == null || !started) return;
    cancel();
    try {
      if (end instanceof ConnectionDone) {
        target.onComplete();
      } else {
        target.onError(end);
      }
    } catch (Throwable e) {
      loop.report(e);
    }
  }
}
