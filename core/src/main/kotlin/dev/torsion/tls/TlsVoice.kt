// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import dev.torsion.log.escaped
import dev.torsion.log.safeMessage
import dev.torsion.net.Address
import dev.torsion.net.ClosedBy
import java.nio.ByteBuffer
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import javax.net.ssl.ExtendedSSLSession
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLEngine
import javax.net.ssl.SSLException
import javax.net.ssl.SSLPeerUnverifiedException

/** The words of both sides about each other, which tell a person what to do. */
internal abstract class TlsVoice(private val settings: TlsSettings) : TlsParty {
    final override val handshakeTimeout: Duration get() = settings.handshakeTimeout

    final override val isReady: Boolean get() = FirstHandshake.isMade || settings.engines !== TlsEngines.JDK

    final override fun prepare() = FirstHandshake.await()

    final override fun released(engine: SSLEngine) = settings.engines.released(engine)

    final override fun sessionOf(engine: SSLEngine, serverName: String?): TlsSession {
        val session = engine.session
        val certificates =
            try {
                session.peerCertificates.map { it as X509Certificate }
            } catch (_: SSLPeerUnverifiedException) {
                emptyList()
            }
        val asked = serverName ?: (session as? ExtendedSSLSession)?.let(::requestedName)
        val created = Instant.ofEpochMilli(session.creationTime)
        return TlsSession(session.protocol, session.cipherSuite, engine.applicationProtocol?.ifEmpty { null }, asked, certificates, created)
    }

    private fun requestedName(session: ExtendedSSLSession): String? = try {
        (session.requestedServerNames.firstOrNull() as? SNIHostName)?.asciiName
    } catch (_: UnsupportedOperationException) { // another provider
        null
    }

    final override fun explain(cause: Throwable, address: Address, isHandshake: Boolean): TlsException {
        val causes = generateSequence(cause) { it.cause }.take(MOST_CAUSES).toList()
        causes.firstNotNullOfOrNull { it as? TlsException ?: (it as? CertificateRefused)?.typed }?.let { return it }
        val message = safeMessage(cause).orEmpty()
        val received = causes.firstNotNullOfOrNull { error -> ALERT.find(error.message.orEmpty())?.groupValues?.last(String::isNotEmpty) }
        val where = if (isHandshake) "the TLS handshake" else "the connection"
        return when {
            received != null -> alerted(TlsAlert.named(received), received, where, address, cause)
            cause !is SSLException -> TlsException("${failed(where, address)} on this side: $message", cause, ClosedBy.US)
            NO_KEY.containsMatchIn(message) ->
                TlsMismatchException(
                    "${failed(where, address)}: the engine of this side has found no certificate to show: $message. ${suites()}",
                    cause,
                )
            NO_CERTIFICATE.containsMatchIn(message) ->
                TlsMismatchException("${peer(address)} was asked for a certificate, and has shown none.", cause)
            MISMATCH.containsMatchIn(message) ->
                TlsMismatchException("${peer(address)} and this side have nothing in common in $where: $message. ${ours()}", cause)
            settings.engines !== TlsEngines.JDK -> TlsViolationException(
                "${failed(
                    where,
                    address,
                )}, and the engine of this side says why: $message. Its words may mean that the other side broke a " +
                    "rule of TLS, that somebody on the way changed its bytes, or that the engine lacks a setting.",
                cause,
            )
            else -> TlsViolationException(
                "${peer(address)} broke a rule of TLS, or somebody on the way changed its bytes: $message.",
                cause,
            )
        }
    }

    private fun failed(where: String, address: Address) =
        "${where.replaceFirstChar(Char::uppercase)} with ${peer(address).replaceFirstChar(Char::lowercase)} failed"

    final override fun alerted(code: Int, address: Address): TlsException {
        val alert = TlsAlert.entries.firstOrNull { it.code == code }
        return alerted(alert, "$code", "the TLS handshake", address, null)
    }

    private fun alerted(alert: TlsAlert?, name: String, where: String, address: Address, cause: Throwable?): TlsException {
        val meaning = if (alert == null) name else "${alert.rfcName}: ${alert.meaning}"
        return TlsAlertException("${peer(address)} has ended $where with the alert $meaning.", alert, cause)
    }

    private fun suites() =
        "It was told to use ${settings.cipherSuites.joinToString()}: some engines choose the certificate by the cipher " +
            "suites of TLS 1.2 among them."

    private fun ours() = "This side takes ${settings.versions.joinToString(" and ")}" +
        if (settings.applicationProtocols.isEmpty()) "." else ", and speaks ${settings.applicationProtocols.joinToString()}."

    final override fun notTls(beginning: ByteBuffer, more: ByteBuffer, isFirst: Boolean): TlsException {
        if (!isFirst) return TlsViolationException("What has come is no record of TLS.", null)
        val bytes = ByteArray(minOf(MOST_SHOWN, beginning.remaining() + more.remaining()))
        for (i in bytes.indices) {
            bytes[i] = if (i < beginning.remaining()) beginning.get(i) else more.get(more.position() + i - beginning.remaining())
        }
        val text = escaped(bytes.toString(Charsets.ISO_8859_1))
        return NotTlsException(plainText(text), text)
    }

    protected abstract fun plainText(beginning: String): String

    final override fun tooSlow(address: Address): TlsException =
        TlsTimeoutException("${peer(address)} was not done with the TLS handshake within ${inMillis(handshakeTimeout)}.", handshakeTimeout)

    final override fun endedInHandshake(address: Address, cause: Throwable?, by: ClosedBy): TlsException {
        if (by == ClosedBy.US && cause != null) {
            val message = "${peer(address)}: this side ended the connection in the middle of the TLS handshake: ${safeMessage(cause)}"
            return TlsHandshakeEndedException(message, cause, by)
        }
        val how = cause?.let { " (${safeMessage(it)})" } ?: ""
        return TlsHandshakeEndedException(
            "${peer(address)} ended the connection in the middle of the TLS handshake, without a reason$how. ${whyEnded()}",
            cause,
            by,
        )
    }

    final override fun givenUp(address: Address): TlsException =
        TlsHandshakeEndedException("${peer(address)}: this side ended the connection before the TLS handshake was done.", null, ClosedBy.US)

    protected abstract fun whyEnded(): String

    final override fun noneFor(hello: ClientHello, cause: Throwable, address: Address): TlsException {
        val name = hello.serverName?.let { "the name ${escaped(it)}" } ?: "a client that asks for no name"
        return TlsNameUnknownException("There is no certificate for $name: ${safeMessage(cause)}", hello.serverName, cause)
    }

    private companion object {
        const val MOST_CAUSES = 10
        const val MOST_SHOWN = 40

        // The words of the JDK, and behind them those of BoringSSL, which Conscrypt passes on.
        val ALERT = Regex("""[Rr]eceived (?:fatal |warning )?alert: (\w+)|(?:SSLV3|TLSV1)_ALERT_(\w+)|TLSV1_(CERTIFICATE_REQUIRED)""")
        val NO_KEY = Regex("NO_CERTIFICATE_SET")
        val NO_CERTIFICATE =
            Regex("(?i)empty (client|server) certificate chain|certificate_required|null cert chain|PEER_DID_NOT_RETURN_A_CERTIFICATE")
        val MISMATCH =
            Regex(
                "(?i)in common|protocol.version|handshake_failure|application.protocol|no appropriate protocol|" +
                    "not (accepted|supported|enabled)|no (available|negotiable|matching|supported)|" +
                    "NO_SHARED_CIPHER|UNSUPPORTED_PROTOCOL|NO_COMMON_SIGNATURE_ALGORITHMS|NO_SHARED_GROUP",
            )
    }
}
