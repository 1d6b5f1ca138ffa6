// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.net.DatagramProtocol;
import dev.torsion.net.InternetAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;

/** Says what it hears, and answers with it. */
public final class UdpServer extends DatagramProtocol {
  private final Output out;

  public UdpServer(Output out) {
    this.out = out;
  }

  @Override
  public void datagramReceived(byte[] data, InternetAddress sender) {
    var message = new String(data, UTF_8);
    out.println("received " + message + " from " + sender.getHost());
    transport().write(("the server's " + message).getBytes(UTF_8), sender);
  }

  /**
   * The tutorial's server has a socket of its own, which the reactor adopts. {@code
   * torsion.listenUdp(10004, protocol)} does the same.
   */
  public static void main(String[] args) throws IOException {
    var torsion = Torsion.create();
    var address = new InetSocketAddress(InetAddress.getLoopbackAddress(), 10004);
    var socket = DatagramChannel.open().bind(address);
    torsion.adoptDatagramPort(socket, new UdpServer(Output.CONSOLE));
    torsion.run();
  }
}
