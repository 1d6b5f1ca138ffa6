// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.util.stream.Collectors.toList;

import dev.torsion.defer.Deferred;
import dev.torsion.defer.DeferredList;
import dev.torsion.defer.Deferreds;
import dev.torsion.defer.Failure;
import dev.torsion.defer.FirstError;
import dev.torsion.defer.Outcome;
import dev.torsion.examples.Output;
import java.util.List;
import java.util.stream.Stream;

/**
 * Several results together: {@code DeferredList} with its three flags, and {@code gatherResults}.
 * No reactor is needed.
 */
public final class DeferredLists {
  private DeferredLists() {}

  public static void run(Output out) {
    out.println(
        "DeferredList waits for all, good or bad; consumeErrors says that the failures are seen to");
    var all = three();
    new DeferredList<>(all, /* fireOnOneErrback= */ false, /* consumeErrors= */ true)
        .addCallback(
            outcomes -> {
              for (Outcome<? extends String> outcome : outcomes) {
                if (outcome instanceof Failure failure) {
                  out.println("  bad: " + failure.getValue().getMessage());
                } else {
                  out.println("  good: " + outcome.get());
                }
              }
              return outcomes;
            });
    all.get(2).callback("third");
    all.get(0).callback("first");
    all.get(1).errback(new IllegalStateException("second failed"));

    out.println("fireOnOneErrback does not wait after a failure");
    var early = three();
    new DeferredList<>(early, /* fireOnOneErrback= */ true, /* consumeErrors= */ true)
        .addErrback(failure -> print(failure, out));
    early.get(1).errback(new IllegalStateException("second failed"));

    out.println("fireOnOneCallback, here firstResult, wants one result only");
    var first = three();
    DeferredList.firstResult(first)
        .addCallback(
            result -> {
              out.println("  number " + result.getIndex() + " came first: " + result.getValue());
              return result;
            });
    first.get(2).callback("third");

    out.println("gatherResults gives the bare results");
    var gathered = three();
    Deferreds.gatherResults(gathered)
        .addCallback(
            results -> {
              out.println("  " + results);
              return results;
            });
    for (int i = 0; i < gathered.size(); i++) gathered.get(i).callback("result " + i);

    out.println("or the first error");
    var failing = three();
    Deferreds.gatherResults(failing, /* consumeErrors= */ true)
        .addErrback(failure -> print(failure, out));
    failing.get(0).errback(new IllegalArgumentException("first failed"));
  }

  private static List<Deferred<String>> three() {
    return Stream.generate(Deferred<String>::new).limit(3).collect(toList());
  }

  private static <T> List<T> print(Failure failure, Output out) {
    failure.trap(FirstError.class);
    var first = (FirstError) failure.getValue();
    String message = first.getSubFailure().getValue().getMessage();
    out.println("  number " + first.getIndex() + " failed: " + message);
    return List.of();
  }

  public static void main(String[] args) {
    run(Output.CONSOLE);
  }
}
