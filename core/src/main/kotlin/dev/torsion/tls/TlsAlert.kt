// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.tls

import java.util.Locale

/**
 * The message of one side of TLS to the other when it ends the connection (RFC 8446, 6).
 *
 * @property code the number on the wire
 * @property meaning what it means, for people
 */
public enum class TlsAlert(public val code: Int, public val meaning: String) {
    CLOSE_NOTIFY(0, "it has ended the connection"),
    UNEXPECTED_MESSAGE(10, "it got a message that does not belong here"),
    BAD_RECORD_MAC(20, "what it got was changed on the way, or encrypted with another key"),
    RECORD_OVERFLOW(22, "it got a record that is too long"),
    HANDSHAKE_FAILURE(40, "there is no cipher and no kind of key that both sides take, or it asks for a certificate of ours"),
    BAD_CERTIFICATE(42, "it does not accept our certificate: a signature in it or in its chain is wrong, or there is none"),
    UNSUPPORTED_CERTIFICATE(43, "it does not take a certificate of this kind"),
    CERTIFICATE_REVOKED(44, "our certificate was revoked"),
    CERTIFICATE_EXPIRED(45, "our certificate has expired, or is not valid yet; or one of its clocks is wrong"),
    CERTIFICATE_UNKNOWN(46, "it does not accept our certificate: it may not know who signed it, or expect another name"),
    ILLEGAL_PARAMETER(47, "a value in our handshake is out of its range"),
    UNKNOWN_CA(48, "it does not know who signed our certificate: the chain may be incomplete, or its authority is not trusted there"),
    ACCESS_DENIED(49, "our certificate is good, but is not let in"),
    DECODE_ERROR(50, "it could not read a message of ours"),
    DECRYPT_ERROR(51, "a signature or a check sum of ours is wrong"),
    PROTOCOL_VERSION(70, "there is no version of TLS that both sides take; here they are TLS 1.3 and TLS 1.2"),
    INSUFFICIENT_SECURITY(71, "it wants better ciphers than this side has"),
    INTERNAL_ERROR(80, "something failed on its side that is no fault of ours"),
    INAPPROPRIATE_FALLBACK(86, "it can do better than the version that it was offered"),
    USER_CANCELED(90, "it has given up the handshake"),
    NO_RENEGOTIATION(100, "it does not renegotiate"),
    MISSING_EXTENSION(109, "our handshake lacks an extension"),
    UNSUPPORTED_EXTENSION(110, "our handshake has an extension that it did not ask for"),
    UNRECOGNIZED_NAME(112, "it does not serve the name that it was asked for"),
    BAD_CERTIFICATE_STATUS_RESPONSE(113, "the answer about the revocation of our certificate is wrong"),
    UNKNOWN_PSK_IDENTITY(115, "it does not know the key that both sides were to share"),
    CERTIFICATE_REQUIRED(116, "it asks for a certificate of ours, and there was none: give the client an identity"),
    NO_APPLICATION_PROTOCOL(120, "there is no application protocol (ALPN) that both sides speak"),
    ;

    /** The name of the RFC, such as `unknown_ca`. */
    public val rfcName: String = name.lowercase(Locale.ROOT)

    override fun toString(): String = "$rfcName ($code)"

    internal companion object {
        private val BY_NAME = entries.associateBy { it.rfcName }

        fun named(name: String): TlsAlert? = BY_NAME[name.lowercase(Locale.ROOT)]
    }
}
