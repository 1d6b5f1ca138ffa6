// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import com.sun.management.ThreadMXBean;
import dev.torsion.benchmarks.Wire;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A server in a process of its own. It prints its port, then answers each line of its input, until
 * the input ends: {@code allocated} with the bytes that its threads have allocated, {@code heap}
 * with the bytes in use after a collection.
 */
public final class ServerMain {
  private ServerMain() {}

  /** {@code args}: the server's name, and a {@link Wire}. */
  public static void main(String[] args) throws Exception {
    var wire = Wire.valueOf(args[1]);
    var server = wire == Wire.HTTP ? HttpServers.byName(args[0]) : Servers.byName(args[0]);
    int port = server.start(wire);
    System.out.println(port);
    answerQuestions();
    System.exit(0);
  }

  private static void answerQuestions() throws IOException {
    BufferedReader questions =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      System.out.println(
          switch (line) {
            case "allocated" -> allocated();
            case "heap" -> usedHeap();
            default -> throw new IllegalArgumentException(line);
          });
    }
  }

  private static long allocated() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    // A thread that has ended meanwhile counts as -1.
    return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
        .filter(bytes -> bytes > 0)
        .sum();
  }

  private static long usedHeap() {
    for (int i = 0; i < 3; i++) System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
