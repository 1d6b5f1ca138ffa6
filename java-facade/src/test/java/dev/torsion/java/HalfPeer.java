// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.net.HalfCloseableProtocol;
import dev.torsion.net.HalfCloseableTransport;
import dev.torsion.net.Protocol;

/** Ends its side when it is told to, and stays. */
class HalfPeer extends Protocol implements HalfCloseableProtocol {
  private final StringBuilder heard = new StringBuilder();

  @Override
  public void dataReceived(byte[] data) {
    heard.append(new String(data, UTF_8));
  }

  @Override
  public void readConnectionLost() {
    transport().loseConnection();
  }

  @Override
  public void writeConnectionLost() {}

  String heard() {
    return heard.toString();
  }

  void send(String text) {
    transport().write(text.getBytes(UTF_8));
  }

  void end() {
    ((HalfCloseableTransport) transport()).loseWriteConnection();
  }
}
