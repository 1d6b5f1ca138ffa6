// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Path
import java.security.cert.CertPathValidator
import java.security.cert.CertificateFactory
import java.security.cert.PKIXParameters
import java.security.cert.TrustAnchor
import java.time.Duration
import java.time.Instant

/** Keys and certificates are read as people have them. */
class TlsIdentitySpec :
    StringSpec({
        for ((name, algorithm) in listOf("rsa" to "RSA", "ec" to "EC", "ed25519" to "EdDSA")) {
            "a key of $algorithm, with its chain" {
                val identity = TlsIdentity.fromPem(
                    file("mid.pem").let {
                        file("$name.pem")
                    },
                    file("$name.key"),
                    file("mid.pem"),
                    file("ca.pem"),
                )
                identity.privateKey.algorithm shouldBe algorithm
                identity.chain.map { it.subjectX500Principal.name } shouldContainExactly
                    listOf("CN=$name", "CN=Torsion test intermediate", "CN=Torsion test root")
                identity.names shouldContainExactly listOf("localhost", "127.0.0.1")
            }
        }

        "the certificates of a chain may come in any order" {
            val files = listOf("ec.pem", "mid.pem", "ca.pem")
            val orders = files.flatMap { first -> (files - first).map { second -> listOf(first, second) + (files - first - second) } }
            for (order in orders) {
                TlsIdentity.fromPem(file("ec.key"), *order.map(::file).toTypedArray()).chain.map {
                    it.subjectX500Principal.name
                } shouldContainExactly
                    listOf("CN=ec", "CN=Torsion test intermediate", "CN=Torsion test root")
            }
        }

        for ((key, certificate) in listOf("rsa-pkcs1.key" to "rsa.pem", "ec-sec1.key" to "ec.pem")) {
            "the older form of a key: $key" {
                TlsIdentity.fromPem(file(key), file(certificate)).chain.size shouldBe 1
            }
        }

        "an encrypted key needs its password" {
            TlsIdentity.fromPem("secret", file("ec-encrypted.key"), file("ec.pem")).privateKey.algorithm shouldBe "EC"
            shouldThrow<TlsKeyException> { TlsIdentity.fromPem(file("ec-encrypted.key"), file("ec.pem")) }.message shouldContain
                "needs a password"
            shouldThrow<TlsKeyException> { TlsIdentity.fromPem("wrong", file("ec-encrypted.key"), file("ec.pem")) }.message shouldContain
                "password is wrong"
            shouldThrow<TlsKeyException> { TlsIdentity.fromPem("secret", file("rsa-old.key"), file("rsa.pem")) }.message shouldContain
                "openssl pkcs8 -topk8"
        }

        "a file of PKCS#12" {
            val identity = TlsIdentity.fromPkcs12(file("ec.p12"), "secret")
            identity.chain.map { it.subjectX500Principal.name } shouldContainExactly listOf("CN=ec", "CN=Torsion test intermediate")
            shouldThrow<TlsKeyException> { TlsIdentity.fromPkcs12(file("ec.p12"), "wrong") }.message shouldContain "password is wrong"
            shouldThrow<TlsKeyException> { TlsIdentity.fromPkcs12(file("ec.p12"), "secret", "nobody") }.message shouldContain
                "no key nobody"
        }

        "what does not fit together is refused with its reason" {
            shouldThrow<TlsKeyException> { TlsIdentity.fromPem(file("ec.key"), file("rsa.pem")) }.message shouldContain
                "The certificate of CN=rsa is not for the private key"
            shouldThrow<TlsKeyException> { TlsIdentity.fromPem(file("ec.pem")) }.message shouldContain "no private key in"
            shouldThrow<TlsKeyException> { TlsIdentity.fromPem(file("ec.key")) }.message shouldContain "no certificate in"
            shouldThrow<TlsKeyException> { TlsTrust.fromPem(file("ec.key")) }.message shouldContain "no certificate in"
            shouldThrow<TlsKeyException> { TlsIdentity.parse("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----") }
        }

        "a certificate for development signs itself, for names and addresses" {
            val from = Instant.parse("2030-01-02T03:04:05Z")
            val identity = TlsIdentity.selfSigned(listOf("bücher.example", "127.0.0.1", "::1"), Duration.ofDays(2), from)
            val certificate = identity.certificate
            certificate.verify(certificate.publicKey)
            certificate.version shouldBe 3
            certificate.notBefore.toInstant() shouldBe from
            certificate.notAfter.toInstant() shouldBe from.plus(Duration.ofDays(2))
            identity.names shouldContainExactly listOf("xn--bcher-kva.example", "127.0.0.1", "0:0:0:0:0:0:0:1")
            TlsIdentity.parse(identity.toPem()).certificate shouldBe certificate
            shouldThrow<TlsKeyException> { TlsIdentity.parse(identity.certificatesToPem()) }
            val today = TlsIdentity.selfSigned("localhost").certificate
            val path = CertificateFactory.getInstance("X.509").generateCertPath(listOf(today))
            CertPathValidator.getInstance("PKIX").validate(
                path,
                PKIXParameters(setOf(TrustAnchor(today, null))).apply {
                    isRevocationEnabled =
                        false
                },
            )
        }

        "dates before 2050 have two digits for the year, and later ones four (RFC 5280, 4.1.2.5)" {
            val from = Instant.parse("2049-12-31T23:59:59Z")
            val identity = TlsIdentity.selfSigned(listOf("localhost"), Duration.ofSeconds(1), from)
            val text = String(identity.certificate.encoded, Charsets.ISO_8859_1)
            text shouldContain "\u0017\u000d491231235959Z\u0018\u000f20500101000000Z"
            identity.certificate.notBefore.toInstant() shouldBe from
            identity.certificate.notAfter.toInstant() shouldBe from.plusSeconds(1)
            val old = TlsIdentity.selfSigned(listOf("localhost"), Duration.ofDays(1), Instant.parse("1950-01-01T00:00:00Z"))
            old.certificate.notBefore.toInstant() shouldBe Instant.parse("1950-01-01T00:00:00Z")
            val older = TlsIdentity.selfSigned(listOf("localhost"), Duration.ofDays(1), Instant.parse("1949-12-31T23:59:59Z"))
            older.certificate.notBefore.toInstant() shouldBe Instant.parse("1949-12-31T23:59:59Z")
        }

        "a pin is that of RFC 7469" {
            val pin = TlsPin.of(TlsIdentity.fromPem(file("ec.key"), file("ec.pem")).certificate)
            pin.length shouldBe "sha256/".length + 44
            Tls.client().withPins(pin)
            shouldThrow<IllegalArgumentException> { Tls.client().withPins("sha1/abc") }
        }
    })
