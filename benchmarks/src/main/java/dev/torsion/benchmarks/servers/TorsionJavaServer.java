// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.servers;

import dev.torsion.benchmarks.Order;
import dev.torsion.benchmarks.OrderJson;
import dev.torsion.benchmarks.Wire;
import dev.torsion.endpoint.TlsServerEndpoint;
import dev.torsion.framing.Codec;
import dev.torsion.framing.Content;
import dev.torsion.framing.Struct;
import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;

/** Torsion's Java facade: messages of a connection, answered with futures. */
final class TorsionJavaServer implements BenchServer {
  @Override
  public int start(Wire wire) {
    var torsion = Torsion.start();
    return switch (wire) {
      case RAW -> serve(torsion, Codecs.raw().with(Content.view()));
      case LINE -> serve(torsion, Codecs.line("\r\n").with(Content.view()));
      case INT32 -> serve(torsion, Codecs.int32().with(Content.view()));
      case JSON ->
          serve(
              torsion,
              Codecs.header(
                  new Struct("<iii"), 1, Content.<Order>of(OrderJson::encode, OrderJson::decode)));
      case DATAGRAM -> serveDatagrams(torsion);
      case HTTP -> throw new IllegalArgumentException(wire + " has other servers");
      case TLS -> serveTls(torsion, Codecs.raw().with(Content.view()));
    };
  }

  private static int serveDatagrams(Torsion torsion) {
    var port =
        torsion.openDatagrams("udp:0:interface=0.0.0.0", Codecs.raw().with(Content.view())).join();
    port.onDatagram(datagram -> port.send(datagram.message(), datagram.sender())).join();
    return port.port();
  }

  private static <T> int serveTls(Torsion torsion, Codec<T> codec) {
    var endpoint = new TlsServerEndpoint(torsion.reactor(), 0, TorsionCallbackServer.tls());
    return torsion
        .serve(endpoint, codec, connection -> connection.onMessage(connection::send))
        .join()
        .port();
  }

  private static <T> int serve(Torsion torsion, Codec<T> codec) {
    return torsion
        .serve("tcp:0", codec, connection -> connection.onMessage(connection::send))
        .join()
        .port();
  }
}
