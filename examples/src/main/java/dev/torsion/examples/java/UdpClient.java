// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.examples.Output;
import dev.torsion.java.Torsion;
import dev.torsion.net.DatagramProtocol;
import dev.torsion.net.InternetAddress;

/** Says hello to a server, and what comes back; or that nobody is there. */
public final class UdpClient extends DatagramProtocol {
  private final String host;
  private final int port;
  private final Output out;
  private final Runnable ended;

  public UdpClient(String host, int port, Output out, Runnable ended) {
    this.host = host;
    this.port = port;
    this.out = out;
    this.ended = ended;
  }

  @Override
  protected void startProtocol() {
    transport().connect(host, port);
    transport().write("hello".getBytes(UTF_8));
  }

  @Override
  public void datagramReceived(byte[] data, InternetAddress sender) {
    out.println("received " + new String(data, UTF_8) + " from " + sender.getHost());
    ended.run();
  }

  @Override
  public void connectionRefused() {
    out.println("No one listening");
    ended.run();
  }

  public static void main(String[] args) {
    var torsion = Torsion.create();
    torsion.listenUdp(0, new UdpClient("127.0.0.1", 10004, Output.CONSOLE, torsion::stop));
    torsion.run();
  }
}
