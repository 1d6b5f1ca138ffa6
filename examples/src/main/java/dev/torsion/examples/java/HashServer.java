// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.java.Codecs;
import dev.torsion.java.Server;
import dev.torsion.java.TorsionGroup;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.LongAdder;

/** Answers each line with its SHA-256, and with the thread that has computed it: on all cores. */
public final class HashServer {
  private HashServer() {}

  /**
   * Each connection is on one thread; {@code served}, which all of them share, is fit for several.
   */
  public static CompletableFuture<Server> serve(
      TorsionGroup group, String endpoint, LongAdder served) {
    return group.serve(
        endpoint,
        Codecs.line(),
        connection ->
            connection.onMessage(
                line -> {
                  served.increment();
                  return connection.send(hash(line) + " by " + Thread.currentThread().getName());
                }));
  }

  static String hash(String text) throws GeneralSecurityException {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
    return HexFormat.of().formatHex(digest, 0, 6);
  }

  public static void main(String[] args) {
    var group = TorsionGroup.start(); // a reactor for each core
    group.stopOnShutdown(Duration.ofSeconds(10));
    serve(group, "tcp:8007", new LongAdder()).join();
  }
}
