// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.benchmarks;

import dev.torsion.tls.TlsIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * The settings that all servers of {@link Wire#TLS} have in common: a certificate, a version and a
 * cipher.
 */
public final class BenchTls {
  /** The only version that is spoken. */
  public static final String VERSION = "TLSv1.3";

  /** The only cipher. */
  public static final String CIPHER = "TLS_AES_128_GCM_SHA256";

  /** The only way to agree on keys: what the clients of the web offer first. */
  public static final String GROUP = "x25519";

  /** Names the file with the identity for a process. */
  public static final String PROPERTY = "torsion.bench.identity";

  private static final Path FILE = file();

  private BenchTls() {}

  private static Path file() {
    try {
      String given = System.getProperty(PROPERTY);
      if (given != null) return Path.of(given);
      Path made = Files.createTempFile("torsion", ".pem");
      made.toFile().deleteOnExit();
      return Files.writeString(made, TlsIdentity.selfSigned("localhost").toPem());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Where the key and the certificate are, as PEM: the same for all processes of a run. */
  public static Path identityFile() {
    return FILE;
  }

  /** The key and the certificate. */
  public static TlsIdentity identity() {
    return TlsIdentity.fromPem(FILE);
  }

  /** A context of the JDK for the identity. */
  public static SSLContext context() throws GeneralSecurityException, IOException {
    var identity = identity();
    var keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    var chain = identity.getChain().toArray(X509Certificate[]::new);
    keys.setKeyEntry("bench", identity.getPrivateKey(), new char[0], chain);
    var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, new char[0]);
    var context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    return context;
  }
}
