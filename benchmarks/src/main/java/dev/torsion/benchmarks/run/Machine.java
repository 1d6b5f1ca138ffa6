// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.run;

import dev.torsion.benchmarks.BenchTls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The facts that the machine tells of itself: Linux's {@code /proc}, its cores and its programs.
 */
final class Machine {
  /** Whether a process can be given a core of its own. */
  static final boolean CAN_PIN =
      Runtime.getRuntime().availableProcessors() > 1 && runs("taskset", "-V");

  /** The server's core. */
  static final int SERVER_CORE = 0;

  /** The load's core. */
  static final int LOAD_CORE = 1;

  /** No core in particular. */
  static final int ANY_CORE = -1;

  private static final int LOOK_MILLIS = 50;
  private static final long NANOS_PER_TICK = TimeUnit.MILLISECONDS.toNanos(10);
  private static final Pattern MODEL = Pattern.compile("model name\\s*: (.*)");

  private Machine() {}

  /** The nanoseconds that all threads of the process have run; the ended ones are left out. */
  static long cpuNanos(long pid) throws IOException {
    long sum = 0;
    try (DirectoryStream<Path> threads =
        Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
      for (Path thread : threads) sum += threadNanos(thread);
    }
    return sum;
  }

  /** Waits until the process does next to nothing, but no more than two seconds. */
  static void awaitIdle(long pid) throws IOException {
    long before = cpuNanos(pid);
    for (int i = 0; i < 2000 / LOOK_MILLIS; i++) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS));
      long now = cpuNanos(pid);
      if (now - before < TimeUnit.MILLISECONDS.toNanos(LOOK_MILLIS) / 20) return;
      before = now;
    }
  }

  private static long threadNanos(Path thread) throws IOException {
    try {
      return Long.parseLong(Files.readString(thread.resolve("schedstat")).split(" ", -1)[0]);
    } catch (IOException e) {
      return 0; // it has just ended
    }
  }

  /** The resident memory of a process in bytes. */
  static long residentBytes(long pid) throws IOException {
    String[] pages = Files.readString(Path.of("/proc/" + pid + "/statm")).split(" ", -1);
    return Long.parseLong(pages[1]) * 4096;
  }

  /** The nanoseconds that all cores together have worked for programs or lost to other machines. */
  static long busyNanos() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/stat"))) {
      String[] ticks = lines.findFirst().orElseThrow().trim().split("\\s+", -1);
      // cpu user nice system idle iowait irq softirq steal
      return (Long.parseLong(ticks[1])
              + Long.parseLong(ticks[2])
              + Long.parseLong(ticks[3])
              + Long.parseLong(ticks[8]))
          * NANOS_PER_TICK;
    }
  }

  /** The processor's name. */
  static String processor() throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      return lines
          .map(MODEL::matcher)
          .filter(m -> m.matches())
          .map(m -> m.group(1))
          .findFirst()
          .orElse("unknown processor");
    }
  }

  /** The first Python that has {@code module}, or null. */
  static String pythonWith(String module) {
    return Stream.of("python3", "/usr/bin/python3")
        .filter(python -> runs(python, "-c", "import " + module))
        .findFirst()
        .orElse(null);
  }

  /**
   * A Java of at least {@code version}: this one, JAVA_HOME_25 and such, or one of the system's.
   */
  static String javaFrom(int version) throws IOException {
    if (Runtime.version().feature() >= version) return java(System.getProperty("java.home"));
    Path system = Path.of("/usr/lib/jvm");
    if (!Files.isDirectory(system)) return null;
    try (Stream<Path> homes = Files.list(system)) {
      return homes
          .sorted()
          .map(home -> java(home.toString()))
          .filter(java -> feature(java) >= version)
          .findFirst()
          .orElse(null);
    }
  }

  /** The program {@code java} of a JDK. */
  static String java(String home) {
    return Path.of(home, "bin", "java").toString();
  }

  private static int feature(String java) {
    try {
      var process =
          new ProcessBuilder(java, "-XshowSettings:properties", "-version")
              .redirectErrorStream(true)
              .start();
      String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      var match = Pattern.compile("java.specification.version = (\\d+)").matcher(text);
      return match.find() ? Integer.parseInt(match.group(1)) : 0;
    } catch (IOException e) {
      return 0; // no such program
    }
  }

  private static boolean runs(String... command) {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false; // there is no such program
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** The options of every JVM under measurement: the same for all. */
  static List<String> jvm(String java) {
    return List.of(
        java,
        "-Xms512m",
        "-Xmx512m",
        "-Dio.netty.noUnsafe=false",
        "-D" + BenchTls.PROPERTY + "=" + BenchTls.identityFile(),
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
        "-cp",
        System.getProperty("java.class.path"));
  }

  /** The command of the load. */
  static List<String> load() {
    var command = new ArrayList<>(jvm(java(System.getProperty("java.home"))));
    command.add("dev.torsion.benchmarks.load.LoadMain");
    return command;
  }

  static String join(Object... parts) {
    return String.join(" ", Arrays.stream(parts).map(String::valueOf).toList());
  }
}
