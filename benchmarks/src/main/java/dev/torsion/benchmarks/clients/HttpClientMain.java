// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.clients;

import dev.torsion.benchmarks.HttpPages;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * A client in a process of its own: {@code NAME PORT INFLIGHT}. It says {@code ready}, and then
 * does what each line of its input says: {@code run SESSION MILLIS} asks again whenever an answer
 * has come, and gives requests and nanoseconds.
 */
public final class HttpClientMain implements BenchHttpClient.Listener {
  private static final int DEADLINE_SECONDS = 20;

  private final BenchHttpClient client;
  private final int inFlight;
  private final int length = HttpPages.text().length;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private volatile long end;
  private volatile LongAdder answers = new LongAdder();
  private volatile CountDownLatch busy = new CountDownLatch(0);

  HttpClientMain(String name, int port, int inFlight) {
    this.inFlight = inFlight;
    client = HttpClients.byName(name, "http://127.0.0.1:" + port + HttpPages.TEXT_PATH, inFlight);
  }

  /** {@code args}: the client's name, the port, and how many requests are under way. */
  public static void main(String[] args) throws IOException, InterruptedException {
    var main = new HttpClientMain(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    System.out.println("ready");
    var orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = orders.readLine(); line != null; line = orders.readLine()) {
      System.out.println(main.answer(line.split(" ", -1)));
    }
    System.exit(0);
  }

  private String answer(String[] order) throws InterruptedException {
    try {
      long begin = System.nanoTime();
      long count = run(TimeUnit.MILLISECONDS.toNanos(Long.parseLong(order[2])));
      return count + " " + (System.nanoTime() - begin);
    } catch (IOException e) {
      return "error " + e;
    }
  }

  /** Asks for so long, waits for the last answers, and gives their number. */
  long run(long nanos) throws IOException, InterruptedException {
    end = System.nanoTime() + nanos;
    answers = new LongAdder();
    busy = new CountDownLatch(inFlight);
    for (int i = 0; i < inFlight; i++) client.ask(this);
    if (!busy.await(nanos + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS), TimeUnit.NANOSECONDS)) {
      throw new IOException(busy.getCount() + " answers are missing");
    }
    if (failure.get() != null) throw new IOException("a request has failed", failure.get());
    return answers.sum();
  }

  @Override
  public void answered(int status, int length) {
    if (status != 200 || length != this.length) {
      failed(new IOException("an answer of status " + status + " with " + length + " bytes"));
      return;
    }
    answers.increment();
    if (System.nanoTime() < end) client.ask(this);
    else busy.countDown();
  }

  @Override
  public void failed(Throwable error) {
    failure.compareAndSet(null, error);
    busy.countDown();
  }
}
