// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.net.CannotListenException;
import dev.torsion.net.ClientFactory;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.net.UnixAddress;
import dev.torsion.net.UnixPortOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixTest {
  @TempDir Path folder;

  @Test
  void messagesOverAUnixSocket() throws Exception {
    try (var torsion = Torsion.start()) {
      var endpoint = "unix:" + folder.resolve("lines");
      var server = torsion.serve(endpoint, Codecs.line(), c -> c.onMessage(c::send)).join();
      assertEquals(new UnixAddress(folder.resolve("lines")), server.host());
      assertThrows(IllegalStateException.class, server::port);
      var client = torsion.connect(endpoint, Codecs.line()).join();
      assertEquals("hello", client.request("hello").get(10, TimeUnit.SECONDS));
      server.stop().join();
      assertFalse(Files.exists(folder.resolve("lines")));
    }
  }

  @Test
  void factoriesOnAUnixSocket() throws Exception {
    try (var torsion = Torsion.start()) {
      var path = folder.resolve("callbacks");
      var options = UnixPortOptions.DEFAULT.withMode(0660).withWantPid(true);
      torsion.listenUnix(path, new Factory(Echo::new), options).join();
      assertTrue(Files.isSymbolicLink(folder.resolve("callbacks.lock")));
      var answer = new CompletableFuture<String>();
      torsion.connectUnix(path, new ClientFactory(() -> new Asking(answer))).join();
      assertEquals("hello", answer.get(10, TimeUnit.SECONDS));
      var taken = torsion.listenUnix(path, new Factory(Echo::new));
      var error = assertThrows(CompletionException.class, taken::join);
      assertInstanceOf(CannotListenException.class, error.getCause());
    }
  }

  private static class Echo extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(data);
    }
  }

  private static class Asking extends Protocol {
    private final CompletableFuture<String> answer;

    Asking(CompletableFuture<String> answer) {
      this.answer = answer;
    }

    @Override
    protected void connectionMade() {
      transport().write("hello".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    @Override
    public void dataReceived(byte[] data) {
      answer.complete(new String(data, java.nio.charset.StandardCharsets.UTF_8));
    }
  }
}
