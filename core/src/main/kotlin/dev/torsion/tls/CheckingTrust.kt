// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.net.Socket
import java.security.GeneralSecurityException
import java.security.cert.CertPathValidatorException
import java.security.cert.CertPathValidatorException.BasicReason
import java.security.cert.CertificateException
import java.security.cert.X509Certificate
import java.time.Duration
import java.time.Instant
import javax.net.ssl.SSLEngine
import javax.net.ssl.X509ExtendedTrustManager

/** Carries the [typed] error through the engine, which chooses its alert by the cause. */
internal class CertificateRefused(val typed: TlsCertificateException, original: Throwable?) :
    CertificateException(typed.message, original?.cause)

/**
 * Checks certificates by a [trust], then by pins, and says in the words of people what is wrong. The JDK decides; this finds out why.
 *
 * @param pins one of the chain's keys has to be among them, when there are any
 */
internal class CheckingTrust(private val trust: X509ExtendedTrustManager, private val pins: Set<String>) : X509ExtendedTrustManager() {
    override fun getAcceptedIssuers(): Array<X509Certificate> = trust.acceptedIssuers

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String, engine: SSLEngine) {
        val host = engine.peerHost ?: "the server"
        checking(chain, host, isServer = true, { trust.checkServerTrusted(chain, authType) }) {
            trust.checkServerTrusted(chain, authType, engine)
        }
    }

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String, engine: SSLEngine) =
        checking(chain, "the client", isServer = false, { trust.checkClientTrusted(chain, authType) }) {
            trust.checkClientTrusted(chain, authType, engine)
        }

    private inline fun checking(chain: Array<X509Certificate>, who: String, isServer: Boolean, checkChain: () -> Unit, check: () -> Unit) {
        val all = chain.toList()
        try {
            check()
        } catch (e: CertificateException) {
            val isOnlyName = isServer && runCatching(checkChain).isSuccess
            throw CertificateRefused(if (isOnlyName) wrongName(all, who, e) else untrusted(all, who, e), e)
        }
        checkDates(all, who)
        checkPins(all, who)
    }

    private fun wrongName(chain: List<X509Certificate>, host: String, cause: Throwable): TlsCertificateException {
        val names = namesIn(chain.first())
        val text = when {
            names.isEmpty() -> "names no host at all (${subjectOf(chain.first())})"
            else -> "is for ${inWords(names)}"
        }
        return TlsHostNameException("The certificate of $host $text, and not for $host.", cause, chain, host, names)
    }

    private fun inWords(names: List<String>): String {
        val shown = names.take(MOST_NAMES)
        return shown.joinToString() + if (names.size > shown.size) " and ${names.size - shown.size} more" else ""
    }

    private fun untrusted(chain: List<X509Certificate>, who: String, cause: CertificateException): TlsCertificateException {
        chain.firstNotNullOfOrNull { outOfDate(it, chain, who, cause) }?.let { return it }
        val first = chain.first()
        val text =
            if (first.issuerX500Principal == first.subjectX500Principal) {
                "is signed by itself, and it is not among those that are trusted here. If it is the right one, trust it by withTrust"
            } else {
                "is not signed by anybody who is trusted here; its issuer is ${issuerOf(chain.last())}. " +
                    "Either trust that authority by withTrust, or let the other side send the whole chain"
            }
        return TlsUntrustedException("The certificate of $who $text. (${cause.message})", cause, chain)
    }

    private fun outOfDate(
        certificate: X509Certificate,
        chain: List<X509Certificate>,
        who: String,
        cause: CertificateException?,
    ): TlsExpiredException? {
        val now = Instant.now()
        val (from, until) = certificate.notBefore.toInstant() to certificate.notAfter.toInstant()
        val problem = when {
            until.isBefore(now) -> "expired on $until, ${ago(until, now)} ago"
            from.isAfter(now) -> "is valid from $from on only, in ${ago(now, from)}; here it is $now"
            else -> return null
        }
        val signer = if (certificate === chain.first()) "" else " is signed by ${subjectOf(certificate)}, whose own"
        return TlsExpiredException("The certificate of $who$signer $problem.", cause, chain, from, until)
    }

    /** The JDK takes a certificate that is trusted itself without a look at its dates. */
    private fun checkDates(chain: List<X509Certificate>, who: String) {
        val refused = outOfDate(chain.first(), chain, who, null) ?: return
        val reason = if (refused.notAfter.isBefore(Instant.now())) BasicReason.EXPIRED else BasicReason.NOT_YET_VALID
        val path = CertPathValidatorException(refused.message, null, null, -1, reason)
        throw CertificateRefused(refused, CertificateException(refused.message, path))
    }

    private fun ago(from: Instant, to: Instant): String {
        val time = Duration.between(from, to)
        return when {
            time.toDays() > 1 -> "${time.toDays()} days"
            time.toHours() > 1 -> "${time.toHours()} hours"
            else -> "${time.toMinutes()} minutes"
        }
    }

    private fun checkPins(chain: List<X509Certificate>, who: String) {
        if (pins.isEmpty()) return
        val own = signersOf(chain).map(TlsPin::of)
        if (own.any { it in pins }) return
        val message = "The certificate of $who is good, but no key of its chain is among those that are pinned: ${own.joinToString()}."
        throw CertificateRefused(TlsPinException(message, chain, own), null)
    }

    /**
     * The first certificate of [chain], and those that have signed it, one after the other. The other side may send any others along, such
     * as the pinned one with which it has nothing to do: they prove nothing.
     */
    private fun signersOf(chain: List<X509Certificate>): List<X509Certificate> {
        val path = arrayListOf(chain.first())
        val left = chain.drop(1).toMutableList()
        while (true) {
            val last = path.last()
            val signer = left.firstOrNull { hasSigned(it, last) } ?: return path
            left.remove(signer)
            path.add(signer)
        }
    }

    private fun hasSigned(signer: X509Certificate, certificate: X509Certificate): Boolean {
        if (certificate.issuerX500Principal != signer.subjectX500Principal) return false
        return try {
            certificate.verify(signer.publicKey)
            true
        } catch (_: GeneralSecurityException) {
            false
        }
    }

    // Nothing here is about sockets: an engine is always there.

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String) = throw CertificateException(NO_ENGINE)

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String) = throw CertificateException(NO_ENGINE)

    override fun checkClientTrusted(chain: Array<X509Certificate>, authType: String, socket: Socket?) =
        throw CertificateException(NO_ENGINE)

    override fun checkServerTrusted(chain: Array<X509Certificate>, authType: String, socket: Socket?) =
        throw CertificateException(NO_ENGINE)

    private companion object {
        const val MOST_NAMES = 10
        const val NO_ENGINE = "the check needs the engine of the connection"
    }
}
