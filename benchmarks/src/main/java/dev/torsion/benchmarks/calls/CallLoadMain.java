// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.calls;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The load, in a process of its own: it does what each line of its input says and answers with one
 * line. {@code open KIND PORT INFLIGHT} gives the number of the new session, {@code run SESSION
 * MILLIS} calls and nanoseconds.
 */
public final class CallLoadMain {
  private record Session(Calls calls, int inFlight) {}

  private final List<Session> sessions = new ArrayList<>();

  private CallLoadMain() {}

  /** Takes no arguments. */
  public static void main(String[] args) throws IOException, InterruptedException {
    var load = new CallLoadMain();
    var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      System.out.println(load.answer(line.split(" ", -1)));
    }
    System.exit(0);
  }

  private String answer(String[] order) throws InterruptedException {
    try {
      return order[0].equals("open") ? open(order) : run(order);
    } catch (IOException e) {
      return "error " + e.getMessage();
    }
  }

  private String open(String[] order) throws IOException {
    int inFlight = Integer.parseInt(order[3]);
    sessions.add(new Session(Calls.open(order[1], Integer.parseInt(order[2]), inFlight), inFlight));
    return String.valueOf(sessions.size() - 1);
  }

  private String run(String[] order) throws IOException, InterruptedException {
    var session = sessions.get(Integer.parseInt(order[1]));
    long length = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(order[2]));
    long begin = System.nanoTime();
    long calls = 0;
    long now;
    do {
      session.calls.batch();
      calls += session.inFlight;
      now = System.nanoTime();
    } while (now - begin < length);
    return calls + " " + (now - begin);
  }
}
