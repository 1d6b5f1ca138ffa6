// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.cred

import dev.torsion.defer.Failure
import dev.torsion.defer.Outcome
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.ByteArrayOutputStream
import java.io.DataOutputStream
import java.math.BigInteger
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.interfaces.RSAPublicKey
import java.security.spec.ECGenParameterSpec

/** Keys and signatures of the JDK, in the form of RFC 4253, and what is no such thing. */
class SshPublicKeySpec :
    FunSpec({
        val data = "what was signed".toByteArray()
        val ed25519 = KeyPairGenerator.getInstance("Ed25519").generateKeyPair()
        val rsa = KeyPairGenerator.getInstance("RSA").apply { initialize(2048) }.generateKeyPair()
        val p256 = KeyPairGenerator.getInstance("EC").apply { initialize(ECGenParameterSpec("secp256r1")) }.generateKeyPair()

        class Case(val algorithm: String, val key: ByteArray, val signature: ByteArray)

        val cases =
            listOf(
                Case("ssh-ed25519", blob("ssh-ed25519", ed25519.public.encoded.takeLast(32).toByteArray()), sign("Ed25519", ed25519, data)),
                Case("rsa-sha2-256", rsaBlob(rsa), sign("SHA256withRSA", rsa, data)),
                Case("rsa-sha2-512", rsaBlob(rsa), sign("SHA512withRSA", rsa, data)),
                Case("ecdsa-sha2-nistp256", ecBlob(p256), pair(sign("SHA256withECDSA", p256, data))),
            )

        fun check(
            case: Case,
            signed: ByteArray = data,
            signature: ByteArray? = blob(case.algorithm, case.signature),
            known: ByteArray = case.key,
            algorithm: String = case.algorithm,
        ): Outcome<AvatarId> {
            var outcome: Outcome<AvatarId>? = null
            val asking = SshPrivateKey("joe", algorithm, case.key)
            SshPublicKeyChecker { name -> if (name == "joe") listOf(known) else emptyList() }
                .requestAvatarId(if (signature == null) asking else asking.withSignature(signature, signed))
                .addBoth { outcome = it }
            return outcome!!
        }

        for (case in cases) {
            test("${case.algorithm}: the right signature lets in, and nothing else does") {
                check(case).get() shouldBe AvatarId.of("joe")
                val wrong =
                    listOf(
                        check(case, signed = "other".toByteArray()),
                        check(case, signature = blob("ssh-rsa", case.signature)),
                        check(case, signature = blob(case.algorithm, ByteArray(64))),
                        check(case, signature = ByteArray(3)),
                        check(case, signature = byteArrayOf(127, -1, -1, -1)),
                        check(case, known = ByteArray(10)),
                        check(case, algorithm = "ssh-rsa", signature = blob("ssh-rsa", case.signature)),
                    )
                wrong.forEach { (it as Failure).value.shouldBeInstanceOf<UnauthorizedLogin>() }
            }

            test("${case.algorithm}: a key that would do asks for a signature") {
                (check(case, signature = null) as Failure).value.shouldBeInstanceOf<ValidPublicKey>()
                (check(case, signature = null, known = ByteArray(1)) as Failure).value.shouldBeInstanceOf<UnauthorizedLogin>()
            }
        }
    })

private fun sign(algorithm: String, keys: KeyPair, data: ByteArray): ByteArray = Signature.getInstance(algorithm).run {
    initSign(keys.private)
    update(data)
    sign()
}

private fun blob(name: String, vararg parts: ByteArray): ByteArray {
    val bytes = ByteArrayOutputStream()
    val output = DataOutputStream(bytes)
    for (part in listOf(name.toByteArray()) + parts) {
        output.writeInt(part.size)
        output.write(part)
    }
    return bytes.toByteArray()
}

private fun rsaBlob(keys: KeyPair) =
    (keys.public as RSAPublicKey).let { blob("ssh-rsa", it.publicExponent.toByteArray(), it.modulus.toByteArray()) }

private fun ecBlob(keys: KeyPair): ByteArray {
    val point = (keys.public as ECPublicKey).w
    return blob("ecdsa-sha2-nistp256", "nistp256".toByteArray(), byteArrayOf(4) + fixed(point.affineX) + fixed(point.affineY))
}

private fun fixed(number: BigInteger): ByteArray {
    val bytes = number.toByteArray()
    return if (bytes.size > 32) bytes.copyOfRange(bytes.size - 32, bytes.size) else ByteArray(32 - bytes.size) + bytes
}

/** DER's pair of numbers as that of RFC 5656. */
private fun pair(der: ByteArray): ByteArray {
    val r = der.copyOfRange(4, 4 + der[3])
    val s = der.copyOfRange(6 + der[3], der.size)
    val bytes = ByteArrayOutputStream()
    val output = DataOutputStream(bytes)
    for (part in listOf(r, s)) {
        output.writeInt(part.size)
        output.write(part)
    }
    return bytes.toByteArray()
}
