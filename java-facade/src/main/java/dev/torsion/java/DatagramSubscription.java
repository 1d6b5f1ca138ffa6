// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.Undelivered;
import dev.torsion.framing.Datagram;
import dev.torsion.framing.MessagePort;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.net.PortClosedException;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** Gives the messages of a UDP port to a subscriber as it asks for them. */
final class DatagramSubscription<T> implements Flow.Subscription {
  private final Loop loop;
  private final MessagePort<T> source;
  private volatile Flow.@Nullable Subscriber<? super Datagram<T>>
      subscriber; // null once it is done

  // The reactor's thread only.
  private long demand;
  private boolean isPumping;
  private @Nullable Deferred<Datagram<T>> waiting;

  DatagramSubscription(
      Loop loop, MessagePort<T> source, Flow.Subscriber<? super Datagram<T>> subscriber) {
    this.loop = loop;
    this.source = source;
    this.subscriber = subscriber;
  }

  void start() {
    Flow.Subscriber<? super Datagram<T>> target = subscriber;
    isPumping = true; // nothing is given before onSubscribe has returned
    try {
      if (target != null) target.onSubscribe(this);
    } catch (Throwable e) {
      subscriber = null; // rule 2.13
      throw e;
    } finally {
      isPumping = false;
    }
    pump();
  }

  @Override
  public void request(long n) {
    if (subscriber != null) loop.actIfRunning(() -> requested(n));
  }

  private void requested(long n) {
    if (n <= 0) {
      var error =
          new IllegalArgumentException(
              "a subscriber must request one message or more, but requested " + n + " (rule 3.9)");
      end(target -> target.onError(error));
      return;
    }
    demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
    pump();
  }

  private void pump() {
    if (isPumping) return;
    isPumping = true;
    try {
      while (subscriber != null && demand > 0 && waiting == null) ask();
    } finally {
      isPumping = false;
    }
  }

  private void ask() {
    Deferred<Datagram<T>> next;
    try {
      next = source.receiveDeferred();
    } catch (RuntimeException e) { // there is a handler, or too many wait
      end(target -> target.onError(e));
      return;
    }
    waiting = next;
    var unused =
        next.addCallbacks(
            datagram -> {
              waiting = null;
              take(next, datagram);
              pump();
              return null;
            },
            failure -> {
              waiting = null;
              failed(failure.getValue());
              return null;
            });
  }

  private void take(Deferred<Datagram<T>> source, Datagram<T> datagram) {
    Flow.Subscriber<? super Datagram<T>> target = subscriber;
    if (target == null) { // cancelled on another thread this very moment
      Undelivered.giveBack(source, datagram);
      return;
    }
    if (demand != Long.MAX_VALUE) demand--;
    try {
      target.onNext(datagram);
    } catch (Throwable e) {
      cancel(); // rule 2.13
      loop.report(e);
    }
  }

  private void failed(Throwable error) {
    if (error instanceof ConnectionRefusedException) {
      pump();
    } else if (error instanceof PortClosedException) {
      end(Flow.Subscriber::onComplete);
    } else if (subscriber != null) {
      end(target -> target.onError(error));
    }
  }

  private void end(java.util.function.Consumer<Flow.Subscriber<? super Datagram<T>>> signal) {
    Flow.Subscriber<? super Datagram<T>> target = subscriber;
    if (target == null) return;
    subscriber = null;
    stopWaiting();
    try {
      signal.accept(target);
    } catch (Throwable e) {
      loop.report(e);
    }
  }

  @Override
  public void cancel() {
    if (subscriber == null) return;
    subscriber = null;
    loop.actIfRunning(this::stopWaiting);
  }

  private void stopWaiting() {
    Deferred<Datagram<T>> next = waiting;
    if (next != null) next.cancel();
  }
}
