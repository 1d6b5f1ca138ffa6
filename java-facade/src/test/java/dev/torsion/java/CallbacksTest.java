// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.torsion.clock.LoopingCall;
import dev.torsion.defer.Deferred;
import dev.torsion.defer.DeferredList;
import dev.torsion.defer.Deferreds;
import dev.torsion.endpoint.ClientCreator;
import dev.torsion.endpoint.TCP4ServerEndpoint;
import dev.torsion.framing.Content;
import dev.torsion.framing.FrameTooLongException;
import dev.torsion.framing.HeaderAndBody;
import dev.torsion.framing.HeaderFraming;
import dev.torsion.framing.HeaderReceiver;
import dev.torsion.framing.Int32StringReceiver;
import dev.torsion.framing.LineFraming;
import dev.torsion.framing.LineReceiver;
import dev.torsion.framing.NetstringReceiver;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructValues;
import dev.torsion.net.Address;
import dev.torsion.net.CannotConnectException;
import dev.torsion.net.ClientFactory;
import dev.torsion.net.CloseReason;
import dev.torsion.net.ConnectionAborted;
import dev.torsion.net.ConnectionDone;
import dev.torsion.net.ConnectionRefusedException;
import dev.torsion.net.Connector;
import dev.torsion.net.Factory;
import dev.torsion.net.Producer;
import dev.torsion.net.Protocol;
import dev.torsion.reactor.Phase;
import dev.torsion.reactor.SystemEvent;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The callback voice: what Twisted's tutorials do with classes, in Java and with no Kotlin in
 * sight.
 */
@SuppressWarnings("FutureReturnValueIgnored")
class CallbacksTest extends InMemory {
  private final List<String> seen = new ArrayList<>();

  private static final class Echo extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(data);
    }
  }

  private static final class ViewEcho extends Protocol {
    @Override
    public void dataReceived(ByteBuffer view) {
      transport().write(view);
    }
  }

  /** Sends a line and notes what comes. */
  private class Client extends Protocol {
    private final String greeting;
    @Nullable CloseReason reason;

    Client(String greeting) {
      this.greeting = greeting;
    }

    @Override
    protected void connectionMade() {
      transport().write(greeting.getBytes(UTF_8));
    }

    @Override
    public void dataReceived(byte[] data) {
      seen.add(new String(data, UTF_8));
    }

    @Override
    protected void connectionLost(CloseReason why) {
      reason = why;
    }
  }

  @Test
  void anEchoInBothStyles() {
    for (var factory : List.of(new Factory(Echo::new), new Factory(ViewEcho::new))) {
      var server = now(torsion.listenTcp(0, factory));
      var client =
          now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new Client("hello")));
      reactor.flush();
      assertTrue(client.isConnected());
      client.transport().loseConnection();
      reactor.flush();
      assertTrue(client.reason != null && client.reason.isClean());
      now(server.stop());
    }
    assertEquals(List.of("hello", "hello"), seen);
  }

  /** The tutorial's quote of the day: a factory that hands its protocols what they share. */
  private static final class Quotes extends Factory {
    final String quote;
    int started;
    int stopped;

    Quotes(String quote) {
      this.quote = quote;
    }

    @Override
    public Protocol buildProtocol(Address address) {
      return new Protocol() {
        @Override
        protected void connectionMade() {
          transport().write((quote + "\r\n").getBytes(UTF_8));
          transport().loseConnection();
        }
      };
    }

    @Override
    public void startFactory() {
      started++;
    }

    @Override
    public void stopFactory() {
      stopped++;
    }
  }

  @Test
  void aFactoryMakesItsProtocolsItself() {
    var quotes = new Quotes("An apple a day");
    var server = now(torsion.listen("tcp:0", quotes));
    var client = now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new Client("")));
    reactor.flush();
    assertEquals(List.of("An apple a day\r\n"), seen);
    assertTrue(client.reason != null && client.reason.isClean());
    now(server.stop());
    assertEquals(1, quotes.started);
    assertEquals(1, quotes.stopped);
  }

  /** The tutorial's chat: each line goes to everybody. */
  private static final class Chat extends LineReceiver {
    private final Set<Chat> everybody;

    Chat(Set<Chat> everybody) {
      super(new LineFraming("\n".getBytes(UTF_8), 80));
      this.everybody = everybody;
    }

    @Override
    protected void connectionMade() {
      everybody.add(this);
    }

    @Override
    protected void lineReceived(byte[] line) {
      for (Chat other : everybody) other.sendLine(line);
    }

    @Override
    protected void connectionLost(CloseReason reason) {
      everybody.remove(this);
    }
  }

  @Test
  void aLineReceiverChats() {
    var everybody = new LinkedHashSet<Chat>();
    var server = now(torsion.listenTcp(0, new Factory(() -> new Chat(everybody))));
    var at = "tcp:127.0.0.1:" + server.port();
    var one = now(torsion.connect(at, Codecs.line("\n")));
    var two = now(torsion.connect(at, Codecs.line("\n")));
    reactor.flush();
    assertEquals(2, everybody.size());
    one.send("hello");
    assertEquals("hello", now(two.receive()));
    assertEquals("hello", now(one.receive()));
    one.send("x".repeat(81));
    // Bytes that were sent to it before came through, and then it was closed.
    assertInstanceOf(ConnectionDone.class, now(one.closed()));
    assertEquals(1, everybody.size());
    two.close();
    reactor.flush();
    now(server.stop());
  }

  /** A number of bytes, then as many raw bytes, as the tutorial's raw mode. */
  private static final class Upload extends LineReceiver {
    private int left;
    private final StringBuilder body = new StringBuilder();

    @Override
    protected void lineReceived(byte[] line) {
      left = Integer.parseInt(new String(line, UTF_8));
      setRawMode();
    }

    @Override
    protected void rawDataReceived(byte[] data) {
      int mine = Math.min(left, data.length);
      body.append(new String(data, 0, mine, UTF_8));
      left -= mine;
      if (left > 0) return;
      sendLine("got " + body);
      body.setLength(0);
      setLineMode(Arrays.copyOfRange(data, mine, data.length));
    }
  }

  @Test
  void aLineReceiverGoesToRawModeAndBack() {
    var server = now(torsion.listenTcp(0, new Factory(Upload::new)));
    now(
        torsion.connectProtocol(
            "tcp:127.0.0.1:" + server.port(), new Client("5\r\nhello3\r\nyou")));
    reactor.flush();
    assertEquals(List.of("got hello\r\ngot you\r\n"), seen);
    now(server.stop());
  }

  private static final class Answer extends Int32StringReceiver {
    @Nullable FrameTooLongException refused;
    @Nullable CloseReason lostFor;

    Answer() {
      super(100);
    }

    @Override
    protected void stringReceived(byte[] string) {
      sendString(string);
    }

    @Override
    protected void lengthLimitExceeded(FrameTooLongException violation) {
      refused = violation;
      super.lengthLimitExceeded(violation);
    }

    @Override
    protected void connectionLost(CloseReason reason) {
      lostFor = reason;
    }
  }

  @Test
  void anInt32ReceiverAnswersAndRefusesWhatIsTooLong() {
    var protocols = new ArrayList<Answer>();
    var server =
        now(
            torsion.listenTcp(
                0,
                new Factory(
                    () -> {
                      protocols.add(new Answer());
                      return protocols.get(0);
                    })));
    var client = now(torsion.connect("tcp:127.0.0.1:" + server.port(), Codecs.int32().text()));
    assertEquals("hello", now(client.request("hello")));
    client.send("x".repeat(101));
    assertTrue(now(client.closed()) instanceof ConnectionDone);
    FrameTooLongException refused = protocols.get(0).refused;
    CloseReason lostFor = protocols.get(0).lostFor;
    assertTrue(lostFor instanceof ConnectionAborted && lostFor.getCause() == refused);
    assertTrue(refused != null && refused.getLimit() == 100 && refused.getLength() == 101);
    now(server.stop());
  }

  @Test
  void aNetstringReceiverAndAHeaderReceiverAnswer() {
    var strings =
        now(
            torsion.listenTcp(
                0,
                new Factory(
                    () ->
                        new NetstringReceiver() {
                          @Override
                          protected void stringReceived(byte[] string) {
                            sendString(string);
                          }
                        })));
    var client = now(torsion.connect("tcp:127.0.0.1:" + strings.port(), Codecs.netstring().text()));
    assertEquals("hello", now(client.request("hello")));
    client.close();
    now(strings.stop());

    var header = new Struct("<iii");
    var messages =
        now(
            torsion.listenTcp(
                0,
                new Factory(
                    () ->
                        new HeaderReceiver(new HeaderFraming(header, 1)) {
                          @Override
                          protected void messageReceived(StructValues values, byte[] body) {
                            sendMessage(StructValues.of(values.getInt(0), 0, 1), body);
                          }
                        })));
    var asking =
        now(
            torsion.connect(
                "tcp:127.0.0.1:" + messages.port(), Codecs.header(header, 1, Content.text())));
    var answer = now(asking.request(new HeaderAndBody<>(StructValues.of(7, 0, 0), "hello")));
    assertEquals(StructValues.of(7, 5, 1), answer.getHeader());
    assertEquals("hello", answer.getBody());
    asking.close();
    now(messages.stop());
  }

  /** Tries twice, as a reconnecting client does. */
  private class Stubborn extends ClientFactory {
    int attempts;
    @Nullable CannotConnectException last;

    Stubborn() {
      super(() -> new Client("hi"));
    }

    @Override
    public void clientConnectionFailed(Connector connector, CannotConnectException reason) {
      last = reason;
      if (++attempts < 2) connector.connect();
    }

    @Override
    public void clientConnectionLost(Connector connector, CloseReason reason) {
      seen.add("lost");
    }
  }

  @Test
  void aClientFactoryHearsHowItGoes() {
    var refused = new Stubborn();
    now(torsion.connectTcp("127.0.0.1", 9, refused));
    assertEquals(2, refused.attempts);
    assertInstanceOf(ConnectionRefusedException.class, refused.last);

    var server = now(torsion.listenTcp(0, new Factory(Echo::new)));
    var connector = now(torsion.connectTcp("127.0.0.1", server.port(), new Stubborn()));
    reactor.flush();
    assertEquals(List.of("hi"), seen);
    connector.disconnect();
    reactor.flush();
    assertEquals(List.of("hi", "lost"), seen);
    now(server.stop());
  }

  @Test
  void endpointsAndClientCreatorGiveDeferreds() {
    new TCP4ServerEndpoint(torsion.reactor(), 8007)
        .listen(new Factory(Echo::new))
        .addCallback(port -> seen.add("listening on " + port.port()));
    new ClientCreator<>(torsion.reactor(), () -> new Client("hello"))
        .connectTcp("127.0.0.1", 8007)
        .addCallback(client -> seen.add("connected " + client.isConnected()))
        .addErrback(failure -> seen.add(failure.getValue().toString()));
    reactor.flush();
    assertEquals(List.of("listening on 8007", "connected true", "hello"), seen);
  }

  @Test
  void aLoopingCallTicks() {
    var ticks = new LoopingCall(torsion.reactor(), () -> seen.add("tick"));
    var counted = LoopingCall.withCount(torsion.reactor(), count -> seen.add("counted " + count));
    ticks.start(Duration.ofSeconds(1)).addCallback(call -> seen.add("stopped"));
    counted.start(Duration.ofSeconds(10), false);
    advance(2_000);
    ticks.stop();
    counted.stop();
    assertEquals(List.of("tick", "tick", "tick", "stopped"), seen);
  }

  @Test
  void deferredsChainInJava() {
    Deferred<String> one = new Deferred<>();
    Deferred<String> two = Deferreds.succeed("two");
    new DeferredList<>(List.of(one, two))
        .addCallback(
            outcomes -> {
              for (var outcome : outcomes) seen.add(outcome.get());
              return null;
            });
    torsion.reactor().callLater(1, TimeUnit.SECONDS, () -> one.callback("one"));
    advance(1_000);
    assertEquals(List.of("one", "two"), seen);
  }

  /** Writes a count down, at the speed of the peer. */
  private static final class Countdown implements Producer {
    private final Protocol protocol;
    private int left = 3;

    Countdown(Protocol protocol) {
      this.protocol = protocol;
    }

    @Override
    public void resumeProducing() {
      protocol.transport().write((left + " ").getBytes(UTF_8));
      if (--left == 0) {
        protocol.transport().unregisterProducer();
        protocol.transport().loseConnection();
      }
    }

    @Override
    public void stopProducing() {
      left = 0;
    }
  }

  @Test
  void aPullProducerWritesAsItIsAsked() {
    var server =
        now(
            torsion.listenTcp(
                0,
                new Factory(
                    () ->
                        new Protocol() {
                          @Override
                          protected void connectionMade() {
                            transport().registerProducer(new Countdown(this), false);
                          }
                        })));
    now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new Client("")));
    reactor.flush();
    assertEquals("3 2 1 ", String.join("", seen));
    now(server.stop());
  }

  @Test
  void systemEventTriggersAndAbortsHaveJavaForms() {
    torsion
        .reactor()
        .addSystemEventTrigger(
            Phase.DURING,
            SystemEvent.SHUTDOWN,
            () -> {
              seen.add("shutting down");
              return null;
            });
    var server = now(torsion.listenTcp(0, new Factory(Echo::new)));
    var client = now(torsion.connectProtocol("tcp:127.0.0.1:" + server.port(), new Client("")));
    var cause = new IllegalStateException("enough");
    client.transport().abortConnection(cause);
    reactor.flush();
    assertSame(cause, assertInstanceOf(ConnectionAborted.class, client.reason).getCause());
    reactor.close();
    assertEquals(List.of("shutting down"), seen);
  }
}
