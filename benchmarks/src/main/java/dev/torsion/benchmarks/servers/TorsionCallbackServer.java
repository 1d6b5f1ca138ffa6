// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.BenchTls;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import dev.torsion.framing.HeaderFraming;
import dev.torsion.framing.HeaderReceiver;
import dev.torsion.framing.Int32StringReceiver;
import dev.torsion.framing.LineOnlyReceiver;
import dev.torsion.framing.Struct;
import dev.torsion.framing.StructValues;
import dev.torsion.net.DatagramOptions;
import dev.torsion.net.DatagramProtocol;
import dev.torsion.net.Factory;
import dev.torsion.net.InternetAddress;
import dev.torsion.net.ListeningPort;
import dev.torsion.net.Protocol;
import dev.torsion.net.TcpOptions;
import dev.torsion.reactor.Reactor;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsEngines;
import dev.torsion.tls.TlsServerOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import org.conscrypt.Conscrypt;

/** Torsion's first voice: protocols with callbacks, as Twisted has them. */
final class TorsionCallbackServer implements BenchServer {
  private final TlsServerOptions tls;

  TorsionCallbackServer() {
    this(tls());
  }

  private TorsionCallbackServer(TlsServerOptions tls) {
    this.tls = tls;
  }

  /**
   * With the engine of BoringSSL, which chooses the cipher itself. Conscrypt finds the certificate
   * by the ciphers of TLS 1.2, so that these are left in the list.
   */
  static TorsionCallbackServer withConscrypt() {
    return new TorsionCallbackServer(
        Tls.server(BenchTls.identity())
            .withVersions(BenchTls.VERSION)
            .withEngines(TlsEngines.of(Conscrypt.newProvider())));
  }

  @Override
  public int start(Wire wire) {
    var reactor = Reactor.create();
    if (wire == Wire.DATAGRAM) {
      var port = reactor.listenUdp(0, new DatagramEcho(), "0.0.0.0", DatagramOptions.DEFAULT);
      reactor.start();
      return port.port();
    }
    var factory = wire == Wire.TLS ? tls.wrap(factory(Wire.RAW)) : factory(wire);
    var port = reactor.listenTcp(0, factory, "", ListeningPort.DEFAULT_BACKLOG, TcpOptions.DEFAULT);
    reactor.start();
    return port.port();
  }

  /** For all voices. */
  static TlsServerOptions tls() {
    return Tls.server(BenchTls.identity())
        .withVersions(BenchTls.VERSION)
        .withCipherSuites(BenchTls.CIPHER);
  }

  static Factory factory(Wire wire) {
    return new Factory(
        () ->
            switch (wire) {
              case RAW, TLS -> new Echo();
              case LINE -> new Lines();
              case INT32 -> new Strings();
              case JSON -> new Orders();
              case DATAGRAM, HTTP ->
                  throw new IllegalArgumentException(wire + " has other servers");
            });
  }

  private static final class DatagramEcho extends DatagramProtocol {
    @Override
    public void datagramReceived(ByteBuffer view, InternetAddress sender) {
      transport().write(view, sender);
    }
  }

  private static final class Echo extends Protocol {
    @Override
    public void dataReceived(ByteBuffer view) {
      transport().write(view);
    }
  }

  private static final class Lines extends LineOnlyReceiver {
    @Override
    protected void lineReceived(ByteBuffer line) {
      sendLine(line);
    }
  }

  private static final class Strings extends Int32StringReceiver {
    @Override
    protected void stringReceived(ByteBuffer string) {
      sendString(string);
    }
  }

  private static final class Orders extends HeaderReceiver {
    Orders() {
      super(new HeaderFraming(new Struct("<iii"), 1));
    }

    @Override
    protected void messageReceived(StructValues header, byte[] body) {
      try {
        sendMessage(header, OrderJson.encode(OrderJson.decode(body)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
