// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.database;

import dev.torsion.adbapi.ConnectionPool;
import dev.torsion.adbapi.ConnectionPoolOptions;
import dev.torsion.reactor.Reactor;
import dev.torsion.testsupport.MariadbServer;
import dev.torsion.testsupport.PostgresqlServer;
import dev.torsion.testsupport.ServerProcess;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;

/**
 * The same query by JDBC on threads, and by torsion-adbapi: how many a second with some in flight,
 * what one takes, and how much of the CPU of this process, which other programs on the machine
 * disturb less. The arguments are JDBC URLs, with a user in them. Without any, it starts a
 * PostgreSQL and a MariaDB of its own, where they are installed.
 */
public final class DatabaseMain {
  private static final String QUERY = "SELECT 1 + ?";
  private static final int CONNECTIONS = 8;
  private static final int WINDOWS = 5;
  private static final Duration WARM_UP = Duration.ofSeconds(10);
  private static final Duration WINDOW = Duration.ofSeconds(1);

  private DatabaseMain() {}

  public static void main(String[] args) throws Exception {
    for (String url : args.length > 0 ? List.of(args) : servers()) {
      System.out.printf("%s, Java %s%n", url.split("[?]", 2)[0], Runtime.version());
      for (int inFlight : new int[] {1, 8, 64}) measure(url, inFlight);
    }
  }

  /** They end with this process. */
  private static List<String> servers() {
    var urls = new ArrayList<String>();
    var binaries = PostgresqlServer.Companion.find();
    if (binaries != null) urls.add(started(new PostgresqlServer(binaries)));
    var server = MariadbServer.Companion.findServer();
    var installer = MariadbServer.Companion.findInstaller();
    if (server != null && installer != null) {
      urls.add(started(new MariadbServer(server, installer)));
    }
    if (urls.isEmpty()) System.out.println("neither PostgreSQL nor MariaDB is installed here");
    return urls;
  }

  private static String started(ServerProcess server) {
    server.prepare();
    return server.url("");
  }

  /** Ways in turn, window by window: what happens to the machine happens to all. */
  private static void measure(String url, int inFlight) throws Exception {
    try (var direct = new Direct(url);
        var pooled = new Pooled(url)) {
      var ways = List.<Way>of(direct, pooled);
      for (Way way : ways) run(way, inFlight, WARM_UP);
      double[][] rates = new double[ways.size()][WINDOWS];
      double[][] cpus = new double[ways.size()][WINDOWS];
      for (int window = 0; window < WINDOWS; window++) {
        for (int way = 0; way < ways.size(); way++) {
          Duration before = cpu();
          rates[way][window] = run(ways.get(way), inFlight, WINDOW);
          double seconds = cpu().minus(before).toNanos() / 1e9;
          cpus[way][window] = 1e6 * seconds / (rates[way][window] * WINDOW.toMillis() / 1e3);
        }
      }
      double[] medians = Arrays.stream(rates).mapToDouble(DatabaseMain::median).toArray();
      System.out.printf(
          "%2d in flight: JDBC on threads %,.0f/s and %.1f microseconds of CPU for each,"
              + " torsion-adbapi %,.0f/s and %.1f",
          inFlight, medians[0], median(cpus[0]), medians[1], median(cpus[1]));
      if (inFlight == 1) {
        double overhead = 1e6 / medians[1] - 1e6 / medians[0];
        System.out.printf(", %.1f microseconds more for each", overhead);
      }
      System.out.println();
    }
  }

  private static Duration cpu() {
    return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** Queries a second. */
  private static double run(Way way, int inFlight, Duration time) throws Exception {
    var stop = new AtomicBoolean();
    var count = new LongAdder();
    var ended = new CountDownLatch(inFlight);
    long began = System.nanoTime();
    for (int i = 0; i < inFlight; i++) way.loop(stop, count, ended);
    Thread.sleep(time.toMillis());
    stop.set(true);
    ended.await();
    return count.sum() * 1e9 / (System.nanoTime() - began);
  }

  private interface Way extends AutoCloseable {
    /** One query after the other, until it is told to stop. */
    void loop(AtomicBoolean stop, LongAdder count, CountDownLatch ended);

    @Override
    void close() throws SQLException;
  }

  /** A thread for each query in flight, and as many connections as the pool has. */
  private static final class Direct implements Way {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final BlockingQueue<Connection> connections = new ArrayBlockingQueue<>(CONNECTIONS);
    private final List<Connection> all = new ArrayList<>();

    Direct(String url) throws SQLException {
      for (int i = 0; i < CONNECTIONS; i++) all.add(DriverManager.getConnection(url));
      connections.addAll(all);
    }

    @Override
    public void loop(AtomicBoolean stop, LongAdder count, CountDownLatch ended) {
      Callable<Void> work =
          () -> {
            while (!stop.get()) {
              Connection connection = connections.take();
              try (var statement = connection.prepareStatement(QUERY)) {
                statement.setInt(1, 1);
                try (var result = statement.executeQuery()) {
                  result.next();
                  if (result.getInt(1) != 2) throw new IllegalStateException("a wrong answer");
                }
              } finally {
                connections.put(connection);
              }
              count.increment();
            }
            return null;
          };
      CompletableFuture.runAsync(() -> unchecked(work), threads)
          .whenComplete((done, failed) -> ended.countDown());
    }

    @Override
    public void close() throws SQLException {
      threads.shutdown();
      for (Connection connection : all) connection.close();
    }

    private static void unchecked(Callable<Void> work) {
      try {
        work.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** The next query begins on the reactor's thread, in the callback of the one before. */
  private static final class Pooled implements Way {
    private final Reactor reactor = Reactor.create();
    private final ConnectionPool pool;

    Pooled(String url) {
      reactor.start();
      pool =
          ConnectionPool.open(
              reactor, url, ConnectionPoolOptions.DEFAULT.withConnections(CONNECTIONS));
    }

    @Override
    public void loop(AtomicBoolean stop, LongAdder count, CountDownLatch ended) {
      reactor.callFromThread(() -> next(stop, count, ended));
    }

    private void next(AtomicBoolean stop, LongAdder count, CountDownLatch ended) {
      if (stop.get()) {
        ended.countDown();
        return;
      }
      pool.runQuery(QUERY, 1)
          .addCallbacks(
              rows -> {
                if (rows.get(0).get(0, Integer.class) != 2) {
                  throw new IllegalStateException("a wrong answer");
                }
                count.increment();
                next(stop, count, ended);
                return null;
              },
              failure -> {
                ended.countDown();
                failure.getValue().printStackTrace();
                return null;
              });
    }

    @Override
    public void close() {
      pool.close();
      reactor.stopAndJoin(Duration.ofSeconds(10));
    }
  }
}
