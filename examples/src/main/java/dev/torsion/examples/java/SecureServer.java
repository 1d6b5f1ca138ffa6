// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.java;

import static java.util.Locale.ROOT;

import dev.torsion.endpoint.TlsServerEndpoint;
import dev.torsion.java.Codecs;
import dev.torsion.java.Server;
import dev.torsion.java.Torsion;
import dev.torsion.tls.Tls;
import dev.torsion.tls.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Answers each line in upper case, over TLS. */
public final class SecureServer {
  private SecureServer() {}

  public static CompletableFuture<Server> serve(Torsion torsion, int port, TlsIdentity identity) {
    var endpoint =
        new TlsServerEndpoint(torsion.reactor(), port, Tls.server(identity), "127.0.0.1");
    return torsion.serve(
        endpoint, Codecs.line(), c -> c.onMessage(line -> c.send(line.toUpperCase(ROOT))));
  }

  /** Makes a certificate for development, and leaves it in a file for the client. */
  public static void main(String[] args) throws IOException {
    var identity = Tls.selfSigned("localhost", "127.0.0.1");
    Files.writeString(Path.of("localhost.pem"), identity.certificatesToPem());
    System.exit(Torsion.runUntilStopped(torsion -> serve(torsion, 8443, identity)));
  }
}
