// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.torsion.endpoint.TCP4ServerEndpoint;
import dev.torsion.net.Address;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.reactor.Reactor;

/** The quote of the day: says it and closes. */
public final class QuoteServer extends Protocol {
  private final String quote;

  private QuoteServer(String quote) {
    this.quote = quote;
  }

  @Override
  protected void connectionMade() {
    transport().write((quote + "\r\n").getBytes(UTF_8));
    transport().loseConnection(); // sends what was written first
  }

  /** The first style: the factory is given what makes the protocol. */
  public static Factory factory(String quote) {
    return new Factory(() -> new QuoteServer(quote));
  }

  /**
   * The second style: the factory overrides {@code buildProtocol}, with a quote for each visitor.
   */
  public static final class Quotes extends Factory {
    private final String[] quotes;
    private int visitors;

    public Quotes(String... quotes) {
      this.quotes = quotes.clone();
    }

    @Override
    public Protocol buildProtocol(Address address) {
      return new QuoteServer(quotes[visitors++ % quotes.length]);
    }
  }

  public static void main(String[] args) {
    var reactor = Reactor.create();
    new TCP4ServerEndpoint(reactor, 8007).listen(factory("configurable quote"));
    new TCP4ServerEndpoint(reactor, 8008).listen(new Quotes("Time flies.", "So do apples."));
    reactor.run();
  }
}
