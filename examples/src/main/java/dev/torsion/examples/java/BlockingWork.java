// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.reactor.Reactor;
import java.util.concurrent.CompletableFuture;

/** Work that blocks, on threads of the pool, with results on the reactor's thread. */
public final class BlockingWork {
  private BlockingWork() {}

  /** The future completes at the end. */
  public static CompletableFuture<Void> run(Torsion torsion, Output out) {
    Reactor reactor = torsion.reactor();
    CompletableFuture<String> work = torsion.deferToThread(() -> slowly("result"));
    out.println("the program goes on");
    return work.thenCompose(
            result -> {
              boolean isBack = reactor.isInReactorThread();
              out.println(
                  "deferToThread: " + result + ", and back on the reactor's thread: " + isBack);
              var called = new CompletableFuture<Boolean>();
              reactor.callInThread(
                  () -> {
                    boolean wasInReactor = reactor.isInReactorThread();
                    reactor.callFromThread(() -> called.complete(wasInReactor));
                  });
              return called;
            })
        .thenCompose(
            inReactor -> {
              out.println("callInThread: on the reactor's thread: " + inReactor);
              // The other way round: a thread waits for what only the reactor's thread may do.
              return torsion.deferToThread(() -> torsion.blockingCall(reactor::isInReactorThread));
            })
        .thenAccept(
            inReactor -> {
              out.println("blockingCallFromThread: on the reactor's thread: " + inReactor);
              out.println("the pool has at most " + reactor.getThreadPool().getSize() + " threads");
            });
  }

  /** Work that would stop everything on the reactor's thread. */
  private static String slowly(String result) throws InterruptedException {
    Thread.sleep(20);
    return result;
  }

  public static void main(String[] args) throws Exception {
    System.exit(Torsion.react(torsion -> run(torsion, Output.CONSOLE)));
  }
}
