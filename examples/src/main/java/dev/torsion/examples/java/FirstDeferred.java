// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import dev.torsion.clock.Clock;
import dev.torsion.defer.Deferred;
import dev.torsion.examples.Output;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.Reactors;

/** A result that is there already, one that comes later, and one that is an error. */
public final class FirstDeferred {
  private FirstDeferred() {}

  /** Fires at once: a Deferred needs no reactor. */
  private static Deferred<Integer> plusTen(int number) {
    var result = new Deferred<Integer>();
    result.callback(number + 10);
    return result;
  }

  /** Fires later, with a number or an error. */
  private static Deferred<Integer> plusOne(Clock clock, String text) {
    var result = new Deferred<Integer>();
    clock.callLater(
        20,
        MILLISECONDS,
        () -> {
          if (text.chars().allMatch(Character::isDigit)) {
            result.callback(Integer.parseInt(text) + 1);
          } else {
            result.errback(new IllegalArgumentException("\"" + text + "\" is no number"));
          }
        });
    return result;
  }

  /** The Deferred fires at the end. */
  public static Deferred<?> run(Clock clock, Output out) {
    Deferred<Integer> fired = plusTen(1);
    out.println("it has fired: " + fired.isCalled());
    fired.addCallback(
        number -> {
          out.println("a callback that comes late runs all the same: " + number);
          return number;
        });

    Deferred<Integer> good = plusOne(clock, "1");
    out.println("this line does not wait for it");
    return good.addAsyncCallback(
            number -> {
              out.println("the result came: " + number);
              return plusOne(clock, "two");
            })
        .addCallback(
            number -> {
              out.println("never seen, since there is no result");
              return number;
            })
        .addErrback(
            failure -> {
              String type = failure.getType().getSimpleName();
              out.println("the error came: " + type + ", " + failure.getValue().getMessage());
              return 0;
            });
  }

  public static void main(String[] args) throws Throwable {
    System.exit(Reactors.react(Reactor.create(), reactor -> run(reactor, Output.CONSOLE)));
  }
}
