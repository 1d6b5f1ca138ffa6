// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.AdoptedStreamServerEndpoint;
import dev.torsion.loop.ReactorNotRunningException;
import dev.torsion.net.CannotListenException;
import dev.torsion.net.CloseReason;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdoptedChannelsTest {
  @TempDir Path folder;

  @Test
  void aBoundChannelBecomesAServerAndAConnectedOneAConnection() throws Exception {
    try (var torsion = Torsion.start()) {
      var bound = bound();
      var server = Results.of(torsion.adoptStreamPort(bound, new Factory(Echo::new)));
      var asking = new Asking();
      var connected = SocketChannel.open(bound.getLocalAddress());
      assertEquals(asking, Results.of(torsion.adoptStreamConnection(connected, asking)));
      assertEquals("hello", Results.of(asking.answer));
      Results.of(server.stop());
      assertFalse(bound.isOpen());
      Results.of(torsion.call(() -> asking.transport().loseConnection()));
      Results.of(asking.lost);
      // It lingers until the peer has closed its side.
      assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> {
            while (connected.isOpen()) Thread.onSpinWait();
          });
    }
  }

  @Test
  void codecsOnAnAdoptedChannelOfAUnixSocket() throws Exception {
    try (var torsion = Torsion.start()) {
      var path = folder.resolve("adopted");
      var bound = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      bound.bind(UnixDomainSocketAddress.of(path));
      var endpoint = new AdoptedStreamServerEndpoint(torsion.reactor(), bound);
      var server = Results.of(torsion.serve(endpoint, Codecs.line(), c -> c.onMessage(c::send)));
      var client = Results.of(torsion.connect("unix:" + path, Codecs.line()));
      assertEquals("hello", Results.of(client.request("hello")));
      Results.failure(
          CannotListenException.class, torsion.listen(endpoint, new Factory(Echo::new)));
      Results.of(server.stop());
      assertFalse(bound.isOpen());
    }
  }

  @Test
  void whatIsOfNoUseIsRefusedAndStaysItsOwners() throws Exception {
    var bound = bound();
    var unbound = ServerSocketChannel.open();
    var unconnected = SocketChannel.open();
    try (var torsion = Torsion.start()) {
      var factory = new Factory(Echo::new);
      Results.failure(IllegalArgumentException.class, torsion.adoptStreamPort(unbound, factory));
      Results.failure(
          IllegalArgumentException.class, torsion.adoptStreamConnection(unconnected, new Echo()));
      var closed = SocketChannel.open(bound.getLocalAddress());
      closed.close();
      Results.failure(IOException.class, torsion.adoptStreamConnection(closed, new Echo()));
      assertTrue(torsion.stopAndJoin(Duration.ofSeconds(20)));
      Results.failure(ReactorNotRunningException.class, torsion.adoptStreamPort(bound, factory));
      var connected = SocketChannel.open(bound.getLocalAddress());
      Results.failure(
          ReactorNotRunningException.class, torsion.adoptStreamConnection(connected, new Echo()));
      assertTrue(connected.isOpen());
      connected.close();
    }
    assertTrue(bound.isOpen() && unbound.isOpen() && unconnected.isOpen());
    bound.close();
    unbound.close();
    unconnected.close();
  }

  @Test
  void aConnectionThatNobodyWantsIsClosed() throws Exception {
    try (var torsion = Torsion.start();
        var bound = bound()) {
      for (int round = 0; round < 20; round++) {
        var channel = SocketChannel.open(bound.getLocalAddress());
        var adopted = torsion.adoptStreamConnection(channel, new Asking());
        assertTrue(adopted.cancel(false) || adopted.isDone());
        Results.of(torsion.call(() -> {}));
        if (channel.isOpen()) channel.close(); // it was not the reactor's yet
        try (var peer = bound.accept()) {
          var data = ByteBuffer.allocate(100);
          while (peer.read(data) >= 0) data.clear();
        } catch (IOException e) {
          assertTrue(e.toString().contains("reset"), e::toString);
        }
      }
    }
  }

  private static ServerSocketChannel bound() throws IOException {
    return ServerSocketChannel.open()
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static class Echo extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(data);
    }
  }

  private static class Asking extends Protocol {
    final CompletableFuture<String> answer = new CompletableFuture<>();
    final CompletableFuture<CloseReason> lost = new CompletableFuture<>();

    @Override
    protected void connectionMade() {
      transport().write("hello".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void dataReceived(byte[] data) {
      answer.complete(new String(data, StandardCharsets.UTF_8));
    }

    @Override
    public void connectionLost(CloseReason reason) {
      lost.complete(reason);
    }
  }
}
