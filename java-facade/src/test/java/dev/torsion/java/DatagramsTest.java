// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.util.Locale.ROOT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.endpoint.EndpointSyntaxException;
import dev.torsion.endpoint.UdpEndpoint;
import dev.torsion.framing.Codec;
import dev.torsion.framing.Datagram;
import dev.torsion.net.CannotListenException;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.net.DatagramOptions;
import dev.torsion.net.DatagramProtocol;
import dev.torsion.net.DnsLookupException;
import dev.torsion.net.IPv4Address;
import dev.torsion.net.InternetAddress;
import dev.torsion.net.InvalidAddressException;
import dev.torsion.net.MulticastException;
import dev.torsion.net.PortClosedException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** UDP with futures, handlers and publishers. */
class DatagramsTest extends InMemory {
  private static final Codec<String> TEXT = Codecs.raw().text();
  private static final String ANY_PORT = "udp:0:interface=127.0.0.1";

  private Datagrams<String> open(String endpoint) {
    return now(torsion.openDatagrams(endpoint, TEXT));
  }

  private Datagrams<String> connectedTo(Datagrams<?> server) {
    return now(torsion.connectDatagrams("127.0.0.1", server.port(), TEXT));
  }

  private void close(Datagrams<?>... all) {
    for (Datagrams<?> one : all) now(one.stop());
  }

  @Test
  void aHandlerAnswersAndFuturesAsk() {
    var server = open(ANY_PORT);
    now(server.onDatagram(d -> server.send(d.message().toUpperCase(ROOT), d.sender())));
    var client = open(ANY_PORT);
    now(client.send("hello", server.host()));
    var answer = now(client.receive());
    assertEquals("HELLO", answer.message());
    assertEquals(server.host(), answer.sender());
    assertNull(client.peer());
    var connected = connectedTo(server);
    assertEquals(server.host(), connected.peer());
    now(connected.send("again"));
    assertEquals("AGAIN", now(connected.receive()).message());
    failsNow(IllegalStateException.class, server.receive());
    failsNow(IllegalStateException.class, server.onDatagram(d -> null));
    close(server, client, connected);
  }

  @Test
  void aHandlerThatThrowsIsReportedAndThePortLives() {
    var server = open(ANY_PORT);
    List<String> heard = new ArrayList<>();
    var late = new Exception("a late one");
    now(
        server.onDatagram(
            d -> {
              heard.add(d.message());
              if (d.message().equals("bad")) throw new Exception("a bad one");
              if (d.message().equals("late")) return CompletableFuture.failedFuture(late);
              return null;
            }));
    var client = connectedTo(server);
    for (String text : List.of("bad", "late", "good")) now(client.send(text));
    reactor.flush();
    assertEquals(List.of("bad", "late", "good"), heard);
    assertEquals("a bad one", errors.remove(0).getMessage());
    assertSame(late, errors.remove(0));
    close(server, client);
  }

  @Test
  void aReceiveThatIsCancelledLosesNothing() {
    var server = open(ANY_PORT);
    var client = connectedTo(server);
    var first = server.receive();
    var second = server.receive().thenApply(Datagram::message);
    first.cancel(true);
    now(client.send("kept"));
    assertEquals("kept", now(second));
    var third = server.receive();
    var derived = third.thenApply(Datagram::message).orTimeout(1, TimeUnit.DAYS);
    derived.cancel(true);
    now(client.send("kept too"));
    reactor.flush();
    assertEquals("kept too", now(server.receive()).message());
    close(server, client);
  }

  @Test
  void theInboxIsBoundedAndWhatIsNotUnderstoodIsCounted() {
    var server =
        now(
            torsion.openDatagrams(
                new UdpEndpoint(reactor, 0, "127.0.0.1", DatagramOptions.DEFAULT),
                Codecs.line(),
                2));
    var client = connectedTo(server);
    for (String text : List.of("1\r\n", "no end", "2\r\n", "3\r\n")) now(client.send(text));
    reactor.flush();
    assertEquals(1, server.droppedMessages());
    assertEquals(1, server.malformedDatagrams());
    assertEquals("1", now(server.receive()).message());
    assertEquals("2", now(server.receive()).message());
    close(server, client);
  }

  @Test
  void aSubscriberGetsWhatItAsksFor() {
    var server = open(ANY_PORT);
    var client = connectedTo(server);
    var subscriber = new Taking();
    server.messages().subscribe(subscriber);
    for (int i = 0; i < 4; i++) now(client.send("" + i));
    reactor.flush();
    assertEquals(List.of(), subscriber.heard);
    subscriber.ask(2);
    reactor.flush();
    assertEquals(List.of("0", "1"), subscriber.heard);
    subscriber.ask(Long.MAX_VALUE);
    reactor.flush();
    assertEquals(List.of("0", "1", "2", "3"), subscriber.heard);
    now(client.send("4"));
    reactor.flush();
    assertEquals(5, subscriber.heard.size());
    close(server);
    assertEquals("complete", subscriber.end);
    close(client);
  }

  @Test
  void aSubscriberThatCancelsTakesNothingMore() {
    var server = open(ANY_PORT);
    var client = connectedTo(server);
    var subscriber = new Taking();
    server.messages().subscribe(subscriber);
    subscriber.ask(5);
    now(client.send("one"));
    reactor.flush();
    subscriber.subscription.cancel();
    now(client.send("two"));
    assertEquals("two", now(server.receive()).message());
    assertEquals(List.of("one"), subscriber.heard);
    assertNull(subscriber.end);
    var asksForNothing = new Taking();
    server.messages().subscribe(asksForNothing);
    asksForNothing.ask(0);
    reactor.flush();
    assertInstanceOf(IllegalArgumentException.class, asksForNothing.end);
    close(server, client);
  }

  @Test
  void aSubscriberThatIsCancelledOnAnotherThreadLosesNoMessage() throws Exception {
    var server = open(ANY_PORT);
    var client = connectedTo(server);
    var subscriber = new Taking();
    server.messages().subscribe(subscriber);
    subscriber.ask(5);
    reactor.flush();
    var sent = List.of(client.send("one"), client.send("two")); // they come before the loop hears
    var thread = new Thread(subscriber.subscription::cancel);
    thread.start();
    thread.join();
    sent.forEach(this::now);
    assertEquals(List.of(), subscriber.heard);
    assertEquals("one", now(server.receive()).message());
    assertEquals("two", now(server.receive()).message());
    close(server, client);
  }

  @Test
  void aSubscriberThatThrowsIsReportedAndGetsNothingMore() {
    var server = open(ANY_PORT);
    var client = connectedTo(server);
    var subscriber =
        new Taking() {
          @Override
          public void onNext(Datagram<String> item) {
            super.onNext(item);
            throw new IllegalStateException("enough");
          }
        };
    server.messages().subscribe(subscriber);
    subscriber.ask(5);
    now(client.send("one"));
    now(client.send("two"));
    reactor.flush();
    assertEquals(List.of("one"), subscriber.heard);
    assertEquals("enough", errors.remove(0).getMessage());
    assertEquals("two", now(server.receive()).message());
    close(server, client);
  }

  @Test
  void aRefusalFailsTheReceiveThatWaits() {
    var client = now(torsion.connectDatagrams("127.0.0.1", 4000, TEXT));
    var answer = client.receive();
    now(client.send("anybody?"));
    failsNow(ConnectionRefusedException.class, answer);
    var server = open("udp:4000:interface=127.0.0.1");
    now(client.send("and now?"));
    assertEquals("and now?", now(server.receive()).message());
    close(server, client);
  }

  @Test
  void errorsAreTyped() {
    failsNow(EndpointSyntaxException.class, torsion.openDatagrams("tcp:1", TEXT));
    var server = open(ANY_PORT);
    String same = "udp:" + server.port() + ":interface=127.0.0.1";
    failsNow(CannotListenException.class, torsion.openDatagrams(same, TEXT));
    failsNow(DnsLookupException.class, torsion.connectDatagrams("nobody.test", 9, TEXT));
    failsNow(IllegalArgumentException.class, torsion.connectDatagrams("127.0.0.1", 0, TEXT));
    failsNow(InvalidAddressException.class, server.send("x", new IPv4Address("example.com", 9)));
    failsNow(IllegalStateException.class, server.send("x"));
    failsNow(MulticastException.class, server.joinGroup("127.0.0.1", ""));
    var waiting = server.receive();
    close(server);
    failsNow(PortClosedException.class, waiting);
    failsNow(PortClosedException.class, server.receive());
    failsNow(PortClosedException.class, server.send("x", server.host()));
    close(server);
    server.close();
  }

  @Test
  void groupsAreJoinedAndLeft() {
    var member = now(torsion.openDatagrams("udp:0:interface=0.0.0.0", TEXT));
    now(member.joinGroup("239.1.2.3", "127.0.0.1"));
    var sender = open(ANY_PORT);
    var group = new IPv4Address("239.1.2.3", member.port());
    now(sender.send("hello", group));
    assertEquals("hello", now(member.receive()).message());
    now(member.leaveGroup("239.1.2.3", "127.0.0.1"));
    failsNow(MulticastException.class, member.leaveGroup("239.1.2.3", "127.0.0.1"));
    close(member, sender);
  }

  @Test
  void aPortThatIsCancelledWhileItOpensIsClosed() {
    var opening = torsion.openDatagrams("udp:4001:interface=127.0.0.1", TEXT);
    opening.cancel(true);
    reactor.flush();
    close(open("udp:4001:interface=127.0.0.1"));
  }

  @Test
  void theEndOfTheReactorEndsThoseWhoWait() {
    var server = open(ANY_PORT);
    var waiting = server.receive();
    var subscriber = new Taking();
    server.messages().subscribe(subscriber);
    subscriber.ask(1);
    reactor.flush();
    reactor.close();
    Results.failure(Exception.class, waiting);
    assertEquals("complete", subscriber.end);
    server.close();
    Results.failure(dev.torsion.loop.ReactorNotRunningException.class, server.receive());
    var late = new Taking();
    server.messages().subscribe(late);
    assertInstanceOf(dev.torsion.loop.ReactorNotRunningException.class, late.end);
  }

  /** A protocol in Twisted's manner. */
  private static final class Echo extends DatagramProtocol {
    @Override
    public void datagramReceived(byte[] data, InternetAddress sender) {
      transport().write(data, sender);
    }
  }

  @Test
  void protocolsListenOnRealSockets() throws Exception {
    try (var real = Torsion.start()) {
      var echo = Results.of(real.listenUdp(0, new Echo()));
      var socket = DatagramChannel.open();
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      var adopted = Results.of(real.adoptDatagramPort(socket, new Echo()));
      for (Server server : List.of(echo, adopted)) {
        var client = Results.of(real.connectDatagrams("127.0.0.1", server.port(), TEXT));
        var answer = client.receive();
        Results.of(client.send("hello"));
        assertEquals("hello", Results.of(answer).message());
        Results.of(client.stop());
        Results.of(server.stop());
      }
      assertFalse(socket.isOpen());
      var busy = new Echo();
      Results.of(real.listenUdp(new UdpEndpoint(real.reactor(), 0, "127.0.0.1"), busy));
      Results.failure(IllegalStateException.class, real.listenUdp(0, busy));
    }
  }

  @Test
  void sendAndReceiveWorkFromAnyThread() {
    try (var real = Torsion.start()) {
      var server = Results.of(real.openDatagrams(ANY_PORT, TEXT));
      Results.of(server.onDatagram(d -> server.send(d.message(), d.sender())));
      var client = Results.of(real.openDatagrams(ANY_PORT, TEXT));
      List<CompletableFuture<Datagram<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        answers.add(client.receive());
        var unused = client.send("" + i, server.host());
      }
      for (int i = 0; i < 50; i++) assertEquals("" + i, Results.of(answers.get(i)).message());
    }
  }

  @Test
  void optionsAreBuilt() {
    var options =
        DatagramOptions.builder()
            .maxPacketSize(1500)
            .sendQueueLimit(10_000)
            .datagramsPerTurn(8)
            .reuseAddress(true)
            .broadcast(true)
            .receiveBufferSize(1)
            .sendBufferSize(2)
            .build();
    assertEquals(1500, options.getMaxPacketSize());
    assertEquals(10_000, options.getSendQueueLimit());
    assertEquals(8, options.getDatagramsPerTurn());
    assertTrue(options.getReuseAddress());
    assertTrue(options.getBroadcast());
    assertEquals(1, options.getReceiveBufferSize());
    assertEquals(2, options.getSendBufferSize());
    assertEquals(options, options.toBuilder().build());
    assertTrue(options.toString().contains("maxPacketSize=1500"));
  }

  /** In place of a subscription that has not come yet. */
  private static final Flow.Subscription NONE =
      new Flow.Subscription() {
        @Override
        public void request(long n) {
          throw new IllegalStateException("it has not begun");
        }

        @Override
        public void cancel() {}
      };

  /** Takes what it has asked for. */
  private static class Taking implements Flow.Subscriber<Datagram<String>> {
    final List<String> heard = new ArrayList<>();
    Flow.Subscription subscription = NONE;
    @Nullable Object end;

    void ask(long n) {
      subscription.request(n);
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      this.subscription = subscription;
    }

    @Override
    public void onNext(Datagram<String> item) {
      heard.add(item.message());
    }

    @Override
    public void onError(Throwable error) {
      end = error;
    }

    @Override
    public void onComplete() {
      end = "complete";
    }
  }
}
