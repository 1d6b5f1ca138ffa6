// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/** HTTP/1.1: servers and clients on the reactor. */
module dev.torsion.web {
  requires transitive dev.torsion.core;
  requires org.eclipse.jetty.http;
  requires static org.apache.httpcomponents.client5.httpclient5;
  requires static org.apache.httpcomponents.core5.httpcore5;
  requires static kotlinx.serialization.core;
  requires static kotlinx.serialization.json;

  exports dev.torsion.web;
  exports dev.torsion.web.client;
  exports dev.torsion.web.proxy;
}
