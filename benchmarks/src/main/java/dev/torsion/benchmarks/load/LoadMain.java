// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.Work;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * The load, in a process of its own. It does what each line of its input says and answers with one
 * line, until the input ends:
 *
 * <ul>
 *   <li>{@code open WORK PORT}: the number of the new session
 *   <li>{@code run SESSION MILLIS}: messages and nanoseconds
 *   <li>{@code rate SESSION MILLIS PER_SECOND}: messages, nanoseconds, and the latencies p50, p99
 *       and p99.9 in nanoseconds
 *   <li>{@code close SESSION}: nothing
 *   <li>{@code hold PORT COUNT}: opens connections that do nothing, until {@code release}
 * </ul>
 */
public final class LoadMain {
  private final List<Session> sessions = new ArrayList<>();
  private final List<Socket> held = new ArrayList<>();

  private LoadMain() {}

  /** Takes no arguments. */
  public static void main(String[] args) throws IOException {
    var load = new LoadMain();
    var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      System.out.println(load.answer(line.split(" ", -1)));
    }
  }

  private String answer(String[] order) {
    try {
      return switch (order[0]) {
        case "open" -> {
          sessions.add(new Session(Work.valueOf(order[1]), Integer.parseInt(order[2])));
          yield String.valueOf(sessions.size() - 1);
        }
        case "run" -> {
          var result = session(order).run(nanos(order[2]));
          yield result.messages() + " " + result.nanos();
        }
        case "rate" -> rate(session(order), nanos(order[2]), Long.parseLong(order[3]));
        case "close" -> {
          session(order).close();
          yield "closed";
        }
        case "hold" -> hold(Integer.parseInt(order[1]), Integer.parseInt(order[2]));
        case "release" -> {
          for (Socket socket : held) socket.close();
          held.clear();
          yield "released";
        }
        default -> throw new IllegalArgumentException(order[0]);
      };
    } catch (IOException e) {
      return "error " + e.getMessage();
    }
  }

  /** One message there and back shows that the server has accepted the connection. */
  private String hold(int port, int count) throws IOException {
    for (int i = 0; i < count; i++) {
      var socket = new Socket(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
      held.add(socket);
      socket.getOutputStream().write(1);
      if (socket.getInputStream().read() != 1) throw new IOException("a wrong answer");
    }
    return "held";
  }

  private Session session(String[] order) {
    return sessions.get(Integer.parseInt(order[1]));
  }

  private static long nanos(String millis) {
    return TimeUnit.MILLISECONDS.toNanos(Long.parseLong(millis));
  }

  private static String rate(Session session, long nanos, long perSecond) throws IOException {
    var latencies = new Histogram(3);
    var result = session.runAtRate(nanos, perSecond, latencies);
    return String.join(
        " ",
        String.valueOf(result.messages()),
        String.valueOf(result.nanos()),
        String.valueOf(latencies.getValueAtPercentile(50)),
        String.valueOf(latencies.getValueAtPercentile(99)),
        String.valueOf(latencies.getValueAtPercentile(99.9)));
  }
}
