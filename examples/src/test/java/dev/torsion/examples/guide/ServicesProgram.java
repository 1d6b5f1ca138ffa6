// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import dev.torsion.endpoint.Endpoints;
import dev.torsion.log.Logger;
import dev.torsion.net.Factory;
import dev.torsion.net.Protocol;
import dev.torsion.reactor.Reactor;
import dev.torsion.reactor.Reactors;
import dev.torsion.service.ClientService;
import dev.torsion.service.MultiService;
import dev.torsion.service.Services;
import dev.torsion.service.StreamServerEndpointService;
import dev.torsion.service.TimerService;
import java.time.Duration;

/** The program of docs/guide/services.md. */
class ServicesProgram {
  private static final Logger log = new Logger(ServicesProgram.class);

  static class Echo extends Protocol {
    @Override
    public void dataReceived(byte[] data) {
      transport().write(data);
    }
  }

  static class Upstream extends Protocol {}

  public static void main(String[] args) throws Exception {
    var reactor = Reactor.create();
    Reactors.stopOnShutdown(reactor, Duration.ofSeconds(10)); // Ctrl-C

    var program = new MultiService();
    program.addService(
        new StreamServerEndpointService(
            Endpoints.serverFromString(reactor, "tcp:8007"), new Factory(Echo::new)));
    program.addService(
        new ClientService(
            Endpoints.clientFromString(reactor, "tcp:example.com:8007"),
            new Factory(Upstream::new),
            reactor));
    program.addService(new TimerService(reactor, Duration.ofMinutes(1), () -> log.info("alive")));
    Services.runUntilStopped(program, reactor);
  }
}
