// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** Reactor, Deferred, transports, endpoints and tasks. */
module dev.torsion.core {
  requires transitive kotlin.stdlib;
  requires transitive kotlinx.coroutines.core;
  requires transitive org.slf4j;
  requires jdk.net;

  // A runtime may be made without them: then there are no events in flight recordings, and a second signal is ignored.
  requires static jdk.jfr;
  requires static jdk.unsupported;

  exports dev.torsion.clock;
  exports dev.torsion.datagram;
  exports dev.torsion.defer;
  exports dev.torsion.endpoint;
  exports dev.torsion.group;
  exports dev.torsion.health;
  exports dev.torsion.log;
  exports dev.torsion.loop;
  exports dev.torsion.name;
  exports dev.torsion.net;
  exports dev.torsion.nio;
  exports dev.torsion.policies;
  exports dev.torsion.process;
  exports dev.torsion.reactor;
  exports dev.torsion.service;
  exports dev.torsion.spi;
  exports dev.torsion.stream;
  exports dev.torsion.tls;

  uses dev.torsion.endpoint.ClientEndpointParser;
  uses dev.torsion.endpoint.ServerEndpointParser;
  uses org.slf4j.spi.SLF4JServiceProvider;
}
