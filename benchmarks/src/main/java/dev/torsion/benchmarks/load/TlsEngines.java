// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks.load;

import dev.torsion.benchmarks.BenchTls;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * Engines for the clients of one server. They are BoringSSL's, where there is one for the system: a
 * client must compute less than a server of the JDK, or it would be the client that is measured.
 */
final class TlsEngines {
  private final SslContext context;
  private final int port;
  private final boolean isResuming;

  /** For the server at {@code port}; each engine resumes a session when {@code isResuming}. */
  TlsEngines(int port, boolean isResuming) throws SSLException {
    this.port = port;
    this.isResuming = isResuming;
    var builder =
        SslContextBuilder.forClient()
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm(null)
            .protocols(BenchTls.VERSION);
    if (OpenSsl.isAvailable()) {
      builder
          .sslProvider(SslProvider.OPENSSL_REFCNT)
          .option(OpenSslContextOption.GROUPS, new String[] {BenchTls.GROUP});
    } else {
      builder.sslProvider(SslProvider.JDK).ciphers(List.of(BenchTls.CIPHER));
    }
    context = builder.build();
  }

  SSLEngine engine() {
    // A session belongs to a name and a port: without them none is kept.
    return isResuming
        ? context.newEngine(ByteBufAllocator.DEFAULT, "localhost", port)
        : context.newEngine(ByteBufAllocator.DEFAULT);
  }
}
