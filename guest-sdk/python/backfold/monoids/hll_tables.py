"""Constants of the estimators of Apache DataSketches, measured by its authors: data, without which estimates would differ.

Copyright The Apache Software Foundation, under the Apache License 2.0: `CompositeInterpolationXTable-internal.hpp` of
https://github.com/apache/datasketches-cpp, in a denser form.
"""

from __future__ import annotations

import base64
import zlib

POINTS = 257


def tables() -> list[list[float]]:
    """For each `lg_k` from 4 to 21 the raw estimates at 257 evenly spaced true numbers."""
    packed = zlib.decompress(base64.b85decode("".join(_PACKED.split())))
    numbers, value, shift = [], 0, 0
    for byte in packed:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(value >> 1 if value & 1 == 0 else ~(value >> 1))
            value = shift = 0
    estimates = []
    for at in range(0, len(numbers), POINTS):
        # Second differences, in units of 10^-12 for the three smallest sketches, 10^-6 for the others.
        unit = 10**12 if at < 3 * POINTS else 10**6
        point = slope = 0
        points = []
        for number in numbers[at : at + POINTS]:
            slope += number
            point += slope
            points.append(point / unit)
        estimates.append(points)
    return estimates


_PACKED = r"""
c-j@WX<VY${rCSm=ejOHTxN8}Su&HE$xJ4*W^K}@+4m+*(l%+5Nta*RU-#bK+jP5ow?#xmL_|bHL_|bHL_|bHL_|eI1{F6%L_|bHMN~vYMf}hI**Oo+Ij{
3wKHv98K;8&1MbWudtyDLI`XsEnKRc=y>;B>v>YBdvin<TJj6@^qztZL_Vt=Ky4DSEc$l99vtHR+J|0}OX>-jRcFf{yS|IYZ@pT(*=>Yo+L?TSAd_<{M~o
90>@eitjB-TXh^IzjMPQK4w`=W6AU@~1AHzxv0f?v=_fQsWHo_fmn4mCu-?$&F7&y~2j?xN3~457s*JlkbhjMtpA@4DDNQ@RxemUUdvnA}>aGI??m$xq_z
W=*1D^Go<i{`w3FFjC)tUf8T#oUuLR)Y)!v0{b;l*v3o^1(e1rtEc8!b^j0=o&XXvu#pis}Rpn=#;kx47h^Cu&%B50Fo=lQF(<gYX3mcgXxmJ~>?e4XvPc
`f=5dC$OWrDPJz9em`q}Gj>*W@4Lt?d;xI9bWG1dCNkMlcq)$B$Z_PBp@cEOa57p+h}F+Pi;@2q$=QBpemwL&x-15=?ov-y=6uh5^k*-2_s}Bm=5CB$r6N
+A`n>x}~ti=vo5edSx8Yt9-9>g(G){HfomugCtO*WlKfR($)?I;J#b-+oJX0L)?nKmucm5-_W(G-dV1j<^s7q^7Xn&(odvOp$zF|C0}+bHs9$}tO|gAzw4
jV3X2kw1)L%1a*n?qKCC@cD)rq`RNZd_&9f9QFl{f-fa*ZG449hp{xRG+`ujwXS`9Rkf`{^VG=C73u01|J*nECvYUWin$M1#h%N`0cI;b6kM;`tE+nZdS1
FkOHDqL+bRDoHywhBb;lCwo^_g@n=FMEKYsPr!lB+n$UN=trZRn0MAFMX;AizF3&U{$|(mc2In{hoN;IGCR;8V963mkqEK(f`m#MsMt`%V5xcI1Bm~Hftb
R-^d3I)#W`<-&tD@{Og52IK8flLpj6tly<xLIfW@i1*Njx*A(vMda$h&slZaVuMfywl2=4DVGwL|o4P<-br}POYZ(P-F=^fh*X*K~RVBd~nA6TQpoxNz3<
x!o8l<qfAqi&8>p$74;QdKDR^18*x4S-P?-e~i@7%q^nJ6@Y3KdC)x%M<IxY^3K8o1M2Py)=!!-qrji4L%`XWIr*lH&0(I^#<=N$dl8gJC-qFzfS>u1K#9
D%wiQfx2U$7*tlTytY&|=!N#>em*p~M=C(0N$Li);plDQ^d19Lv&PQX)E^pvwqT+gwwqWD&^cLtf#1d{N7l@|dQep->cZ&BT_a%b)i%TOr3wa|S~Y)IIP@
uNMDw$KS>G>~<?V0l1#L{wQaJu*+nDR6*ltxNDDSK<0Bx1j6Q!p4r?wZg9LRKgIe;{k&jkT?wGzzK?ivshgJeS@mem&~wcb`hP04bN>LnK_qU=lI5@p8#+
(p7J(7!0H0<`+(^9}0I`^yKsUz1wq0-!0fvH{F)qZF96y+7)a`=$VUdG8m^ywE0?tPhs~fpD@8G3gusz+>#eo|#QAboK1lfReiYFZykB2gpi^%8lvVDHfE
)H?LXtrk@@guJ~nnXJ-{)`D=Z3Y+`-gA=l(ilj{~s=Rw3bx9kOCnyP&PxR1*iJ`i`<dVRn)>X!Hbb)~m?0Z3D3^#T~BxhuTDD<|9LfardAzZ(d5lExV@Ix
^ol4SY83<^&iG=!?gIGhFVs0fTa~aR`XV8lwF`GfC1J0Xeqc+XXo7_Zc0)Y^)}$fUT4!m4kyCJF5Xq6oor$LBQuKssc=kOkWN>8=-k7ka@!*8aU{f_mDx7
(VO~Lzn5A2H@>f=^H0H0oAo!;xgE>T=u{8m$M%^S>kq?f7wa?G*mUJbtQC&p19gfTdzZ^F48E?&57}Q))-G?ppw`Gz&*^Nw_Gbb?E%)hEKp(y1p@r4AqHN
O2qax}~<XV8V=)6SZRLwtZ-|lU{#IXu^XKYR5?sEcn7dba9-CD_39jpsa$KA7CCoP>r%NfQt(`bf!x1>MAQZ8m>1WJYEG(%Yvi4ayAiqm9eHYvv2H53qoW
d0OJt8>^<iI*C}w4oV4LZ^2QW0oEJeHgN{_Fy~}{WDANT|~Bq^Z&@IY$!u5RVfmjGFa)LUEWXz)^w#Us5DCZS)Hk-3?@XTLS&$J@05w=+JMJp#;5$_#(CH
lOa9S5IW`UorL7TYu?mDRVT-fjW<~5OGurfecXzc8Fjm&K5%KJp8_w*_6e7#2YIL`xxeUtYYIi}$g6?nTL^Bn%$4x&d6VY2hY9uiO8CwfKr_*U;aJr<n2W
9sboKjHMMxemhzYKOnQ&GS;RO$eYMyUbabL}=%yfe@W8|2KKb+6!~_TIcOm~gFp#-YkP!9mOL$ugFA1Nz$wgYY0){!p=@HVJflC3$Fn%kT^slQIqw3YGGY
joqGJ804-tKyG8%M}dNsw<ylzAFD#gXOjMgZx-4VOt@6ml?U5rX5Wol1Fsk?&NkSwE2E<G{YyIF$seh~+WLiI&@dPHwShVQ+klU8fxGT~S!`%{c{XoH1G_
p|R6wTn@Zb(t`v=3?pbl&gOtTQKZaRt;uX6nGh&`cz9#Q#S*8=y6!m^19q~BZ`!L@Jb$B^>-(GSMEDoTJs-}yCP+z~+U$Lys9RxHp6nfabpkecbeJrNsj1
nq+6e^@j!7P8kdx{oS?9fuE;wWSK76*c85m9*a;SL&+))7B9K&4=1qBvL8lz@y1h6Qb8l9H5<H^)xh(714nxY5Y!~W5fa-yslTHtH*yI*e`mei64A!v3a{
2kW#t@WS8q;0PVW90uJmnSEKy<Z6+A5Y5SkT1#$scZ)OuyZb=33gt&`feR$v(I?7HtGIGcpg(Hsd&U)AT;po=TABq>f<$zna`@VaR;{j6MaRJiaP;bD|xX
phL#lu0gaA0~BjtX>_>~)-vmZ=^d(r@(Fpq;XfU2s&x*##;?H4RiGQV+}Oq+4KJ=xN2wq0%16BZsPyK}YZN!KTBszWak#P&+ODY<g8+2-fsvLy$DWnS={5
xgR|yujbM=xC6l5AMnAB)#H8078!68=KNJ;&e|t<@HO5DSfNpxKpDLxD<Pa1tQkMuyQp3-JvwzDW_HHF7D?Z=3rt>>A`a}@*v>AX)*dwMfw<<VdJm9?S1R
KmHlbgPgM?4v-UZ|&??DR4TOsR%vyQ!nC<rLnHBn$qGD|lBS=TZY0ebsLQTTyO#knD%o*G(R0V(~MH~?g$!NEnq4yC3&z#8xfJYdV<n4SUjgz|6-7`D31V
<5IXvNQr>jCKAnAT4aI4T6-Fx@!WqLTa%A#7a1aT|iP^o@@uya?zLyP-^*Ya<FD-9G3#_OqA3BrUqpj0x-H$P+JKs3uXIUkO<8lmI8x(OhX5eKxL2$RDHW
u6cBXO>i?f(pi%u#)>3rg?@j?L|4&=4a_(=HE3V~VaT6_dKUatc6km`mruiRCG1`^ice{AJPk7<s&5sW19rh3SMeODGW5a8*Hv@iN{2i&MmGde!zz)77KC
GH}QMqfhJnO!1(0)}vQoQlBh*R3|l(4{UzvE=k@@}QPZHqUl?R?#}WbM50MtEwg>Kc1_vF>tYo3#Bf&B?!iQ9sksdU0ZA$(-x2@@$+lcSZeY_3QzAE~R!#
ds16Znmldn=DJQO3|-_CR`bDjma9fPpKV(!*u^tf3somb@#cd})5>8Z%5+Q{Gs(5SMSMb>Ka$lLqCFO&7pxJIF-rpHsuB$1Sk2^vwB$fp5g<pm_R<0c1{c
&dn7fgKqVXW$m8~4(c8|pMV1mASA1@s#*@X3zOXynP_%62DMET2FKzWFk4YT=(hty%f*plKMT$!QFfsq^nH)0s&{U1eL0~HPl=IR02!Svt`^ZbQKd@k9H+
z;<h;uXC7N>o8}tYc%{vX`s-qkkez)eIts!h$hGx>m2kw=X-`7=LZ@_iMh=3M4*J+6MAv3@ucR1^>`_-*JNG>Ah~gANB%&f1evp>#d*1#*)QgU0|C6@rI(
$=&L2WV4O!QM;yZbZ^&B`8&I9MT?TsBAJkaoZt#&78MO{F1FdVIZo?sfvEkrHZpmCZ+EF~GMPiGE5?D9h-2nHcp7%Ba3r~7A6Dq7j9sNn)47DBOF=<?!wb
%8v)iOT`ipN9cNVhXOj2UO!dSJY9F@o&tMxB_dd0q`yMYXp#je-D}>)Y@^rZZr}4R&_S!-HN%1QgE|oSrL{{+D5J{815`e|)Q`=-H@@#DSYl(-dsJf9pQN
mKJl+@;>t@$~F!%px)jzK&+lok<+Mj>ISZlKGK9gOe84C7V}65qn6`sWW+C)5Y`!_Q&B}=8+dIo6>hd<wH<bhEL5RJep4mlCHr+?PR{<#ap%AvW~|yLIg0
T-d}(aOhCi^EjiMvtqe5hHfi40~($EBOwJ@(3Ei<D?aplstwhb~XV%_(CFtK{ThUHD|)xhFbZh_SmGdE2wA1+E4n7pM(l3JJtj+;uggt~dB2GF(#V(6HDp
aEU0jCNo{I_?r?T3kI&%a_jRkm~LuACxu>s9*(~I)v+wZi!%l)I$L@&fdrVKB)lNSoG|HC4KW0TrcWs1p0&W72HfeYZXSU1G7lutecu9&P!79)l-rLLhAG
?(e|y;Cd^Z>{}#J9Mj?#M^lai%4B5TK>by@qCd_HZ!WK+q!ED1AYY3xQG4>GV9>iP&n5G|7^<y$4M(W1Add$>@@mny95?gD;6nxAj#OURiu>_+~Fm@iMO`
zl`%3MRWUX(wEQfE<54=OjJeho?%qjE8tDnlbQlu1IPM~EeiSRQnT6EWBkNiQPSASpGX;UkhVB)~)j$568hZDGjRh7lW-J0Zydw^Yz2gj59-H9##F8jpcI
1uRMMV4yJFAQXN8BY-yuj1HiZ0_G@SHv*#y_{BgZ1!5)$mjl{gga1`j0^1))f2<<``cGBAa(u!3?%KC)e>A=BdnNEr`~%ZV$ybywk3OGz!t}M#i}q)IPp2
-AK1<C_J|Vy6$YP!rT$A3A;>0KTr!8kFUl~Z}ou}V6WUihxo)8dB4-H|7%hvQ+T=R)7M0bUJMx1^}M(82f5yi>j)AV!Ea|0)J=tw&0(fo(fCh$%?>E!N(F
5Cg;xHW#slUba(b+-JH<$U<+(K#2f7BvwH(-w2+gsLnnPL*4f7SHKDHAbMNN01%-QI;*+acKjyo!EIsa9Vx7DElyjlT(eYX4=k`q1`8Jm^y1PeHWpfsl&B
glb#h5M`77T?xk}_X)EYB>Od$+J+36zo}S2|Tx`hfz#Za*=^eQ~%$l?DxZvy4Pv|ZVX7e5%{;K0iUPkc~+{a9Wwi~W2HE}%W;7r|##oVonCUoIy59&HU0E
#jlS@l=kH&kS0E2!D^$^kz`^ia}0)O2BCx|^CVDNOelrK=0mQ~BxcymWbjXigC+JH&}KqJNDTa1uH5MDY-jGDtLNh|C5eqn@Z?5?NH@K_bn)m_~D@O%0}L
+tY;2Y3_<N11ZhDP0-B}e8U8_fuIl&3?&5rF5bL^XF2gx9e9rn?<~b9qd4IvE@s0ydT~=i9K9MhT7V<ZVfJ;5rNojgSXhMV_EGW?%AQ4K6KGO}^6F4#1uD
x!?FmHYMnt0s%ZXTc2v>we#fZ`m<vY+sLc(KEXMpi;NK-&VE8L<$RSHbiL$w3w^Ps37xPw4o1+D?G)dRNL!9+FC>42;VOg!*+HGuVN4<B&<W&fS#i};tm4
-{`YiU93d^QYW<&Zil_30zcvTm0nOGqLBGkCQJb-jbaNUE$x1pS6CS|B(C9N<91hYMe1GfjhV$d6awV9wk$KPKKDyFo>>Oi<v6CA!icS0?i}yHylqNW|Uz
Qk9B5Kvm-F?1mm<iv+JY=T{x{e=}NQQUOF>)(e}!JORo5Efy-@h;hYW$U2J%)IoEop7e7E`A!_0=X3VI3Sn%e?S9UPc6K+rsnxDKJePbYV<7za$8!N)8)3
xW8GXf_Jgr-ca1y}Jf?ZrdF?CD9O>*0d5olJe!aT+@#42G^A5InaIh{v}oh+1L_vQ8Xa?!C2qp7fQno0N>9%k-;@cyI2^v#t+1-xm{<U(F{rTo-4Mpcl;K
Ff(S)*k7%GZkWK#us>CDBBs+Xz_KXc2~7vN(NwOAe8x>ZV_}>*pr0|&&sZpDQmNe0RIY9_m%o}TUC51(=8}!M{ifW}s$6w>ZZdw_5;!d%KJC$*PS&25ADx
oSo}vt&l5tNtnWxn59R6qyy((ubnr)uXcD7}+8QI#&lM{U>)y$LJgA@F&6Xu2!{y>&sEX&HyGAA?5=1c`Q(|MR79LYG)WsC;WE#`Drd%BmLE?FdQv4{uFM
B99tz9Y?3mFC$d*bD?}JHZmet9J2;G5qL0E~>yA^|+u37jDLBW0*FKna44M5#vxX+ZL+cM?Er>q(kX_sCxrZj3Gid!stT$t%yy6*hz@81#u5TWiMpSLA?s
92BBvGto6dgCeXxz+7AK;K-l{K3*pu-Nb~~PZ>(NG`M040Q2sMT0TX{Gf5hwr(z~NHkbK^H+wm{?KZM_KUnf1sd!F<&(YuYA!T<H)l{fs?N8gOxT1(en(O
-*Qh@3OrUeD>n9PcxL9g%*u=6d1`_t6SGmpJ<9Oqw*^j2nTe%dC?zM3O_kU?9>66`8U0vKyZByV=rf6Sw;^)EOP`s{T0tS~z{?Y6l|ty!rWcXn^9&ttXvn
mKPf??PP{B7jKfU6x^0R&%uYFE-U{m4~g9wyGbD&!nWLMWEszW<o=EDS=nQC&mNo<ezi7p@v;mbxssPHzqRo_XBz44wkKT=x4&S!xOj(uulI|sZ$4gsMe$
MJ%etFYpz@ji^E3E{wC2o->jBvHNKuv%El15c!^Ek#W?q*)QSjY^Zw>t0`DO3r)(nn)vKJd*mbYN)(4DpYJ5Ji&SpMAyzAr|<tE1ix=iL=i?&_BBq&#=x_
B*zYI~3j>)8TFF-0i6TwygX%BXEmqyJe@{a?jliw%(kI-_W<+SX+P0Jo1<~em&lLU08J8p?TCByr!<YMh#w#Z9ii0JrbI}B5l7Sv|V;pT#lAsVuc@;9A6B
!UfhaY7_GYC;5<ayI<HZjmuSwB=FeK&&IZTMNOp3S-MOOW(~*+X4CyIJ-6<PAhdZ0CZ_i$fo{X?h3d&9h53{J&tN<k|HIX?wl`-Ydkd|gdSJLA<#P}wW-$
PWAh*3$}Xq=$srD<vi%1t~Yfj3X#m6JHrE>2^@CH1(2CCt}=1(&e37#g8tvVPRijyif!n*%X!BVHrIwje$U!j>VfJs9tWTVALyMq>NG{9u$jfms5BevmAO
<Qbsv0Fe<O>j4iCi}R;M6u5uHV}pr*_BR3EH_87}{!;jT>3i-M^!XtCg8ho^AO7o#7Zx%P{^9tv{G2>T_Wg-ZIXV89cP^4H=(83Hqyi8-eegxq=c+5_Z_Y
kE0IDDN+&H)yxK{9->dnMy*U5=f%a^ON?Qc}SNB`R~M#g5}=P<y?SBAc}_F7B&?yrnj7@zT9@ZFsLee{c#Og>ukP5%?SIP(i-|0}yK`LOWCt`m+++-C+)S
zhmaV;*pj<Qv^`ApME_xiWO@R((e7hWNA}j@_2t2qP=6)ZX&{y6ZasE1fs%Pt*|dh}KWGzb$-Dh{(<#zBiRCxjqMs_|{*oU-$mG=|y*1+0*3L+q3)Msr~T
a>c-v94E1x}|J_fEd=hvxoY8qcP(UT67yI((i2YOd$Q$?cd7lT0J`a|CF6Vr1E&H6hcQ3ecPc(jyqq)bT-&4Cklj}ZHE`Mrm`&1bEB*6JZJ@VZ|=;O7zkE
t~uk^JB3pZRv!|E);;!~V4o%)$5j8SlH--!qK8>vDdhzx^Gr;B8;wTaltSBXh5FrLRq~Ugc3=869|u)$n3M_yT|Xc~#ff)+k>U96oDV`--0POuXpnl;cUo
+!N-VyNr&z{_fjO`z^NaW@Py>b^mqI@uRGYYpmc^=iDRQ?#p!cWm(N7JM&?w>%v;?g?Rk@n(2Jlb=F>XmOgPN=+D*7pLTLiGn;b~8#xM1c2tz@89reeJRu
s*k_EC7%FNhShOR!tWJtG|(oN)awvnhPA^MvM$!Hq0kPs3RBpQ6I34c(87wB+$KQ6X`iFFvc3!_`mWEo~zK*a+nyAbtT5x*U==@3~ZBCkav6$sA`U3$ohL
Q@Y=sGzzY^5%fk36z^)f(z7IAd|q+auC!5Z$5}NfZ%gZGPI#S9WcKt6NC6I=?^EqZ!87tKh&~;;m*O=)}Bs$M|X;Ra~n$jv6jL55&h&?y85ZE8}xs<&&6<
-yZWC+vy5l!g`oU&q8%K5hx-Q!<iD`=ftn5i*R~6Q?z;FJwU6_@Tb5S&X6TQ#Pep$@`AO)MkYKp+LnEqt<mbUl%Wt#(HkWx^2we4`>o>+*J^wd23HIOJdU
Nrfow#*li7?6n8%rSZU*XI1?~0yT%^ZHE?lr^D#%}Uoo_VP04Rbx%{~yk`4+j9F1?)V(eP-fMt>3j?+C1O=zp7V68Ktj@Pu9NfD+1+DO}(;xJ@U%pBv9R}
{9XLlrhKsTVcXThPZ%8_?~a+gPC8RTTh`_>8d`zF*9y!%tzb>90)j3T;4oFdP@)2+WGi6Lv;tF8D-fuZKv$>)%)S;dn%@Fs;%1QQl!JrGCXleofQ;D)rUn
~;tX%>|2gSfEssr|<5b!5!fI(Re6c#=RGkCyKUjcl|av;=}fj|`#Y%P}n<18JRS_*-;_(52X$iS=ruek8P^ooBQ-TyFE|IOL(rPlB#$Kvmtv%e1{er4<Xx
v==>!oi=2BR>*${E!;|zBlh4rT$Yg^}D|QkDS~OnBosjQ}3A@zhRkwlQj5Ra^dw*<tyIqm#B3w>XKjeke&|>KOJ*C6Bay83Oyl_-`$$K6YjX>D}PMRc}&&
v7<ciisp5)<bWO^=q?)=Q&|f-mou^ej#0Z|B;+^O0ok{iN>XuGT?4OjdPRk8BiqdRWWwy$Z$#G@rdr$a!(>dx)y*%Aql(7}gh!&?w#e{$}%`G94s!+*zn%
GV79pGdkY)g(xop|LsCNbb`K0q}hltGNf#MK#rvJB4~LZma$7DUXwXlxQN<1i(I))yisXbhwM-*4i8i7+%eklG@sO(HG_EUf?u4lH6r@d~0%-~9Ije9-w|
-*18g$gmzw_QC!LTC)zhFS)<o{Gomkj+ep6|9T%p{S${77<<8d3#`!t_AKx`zmf#~zmzi2zRR{*(7`|^cEIp27C%(prG<g(+RhQA|HZ6B)_dV99awb;>3g
likWqq`iV(_uxE_WcK2q?l-gdBm+Mips2plISgfKA+Yw3{J1S4_K*Nv`Gk*aDWUIrWLz|PyuEm-*Y-WDJUVBsVX^uz6CWb_EFpu)B)C=Vfp9;Ey1;OD9(P
_hjq+em2-7HR-y2ILN-&BfS43k>ceg&N2j1T73$e6v*mG|ljE3uq*u;hoSlR>a0X7;5`&Q1K_36lfWMt^p;F7j8k?07#HJ$am|;8Y8#+YrQa0y#Sr%J{aK
oAVuVZo_ZgQ$$ij5@j+$T0#tLoklr;9-5YaI)j9{aWV6t5?1YZuX~<1XKvVZPG!NM!d*nV8tXQEaVTL?oKctNqVR%~)No*ZtOtnEhxefZd<dC;5g`65Ow3
&p^&gVn(4hL>IN})$r0(Im9s7sO{&z1tx2XPDD-vJXnVIVaH!Bo-@qH-?~M`nT5HxBrD;~-LL1!4aHI8gThW~CmGH#z`4)Cz?4O~8=f2oi&}K++)s2}ULG
x3Ph@vKSaPXn-6m1f1?Xz$*N|!Qy|qyS{W4{(&6)y}S9>Ov+D0#b3~Ce$?;#0jK?AM&qZkt#2R9zb8C=e{KH_=HNS{iZ|GzSJYcC%Hz*k+P~&DJZ0Vb3MK
Jmknv=w=PoCFL)?19FmgS@y(VwHDyzN{T7INoevT2kqB1{3GoR(S&+*z%kvkq5-8eO&&OS(GDKw{;<ebQI249#HKS*<NvSk~@@KT!9gtrx)RL|oDZA8H`U
ZKEC$MI8(c-H~W%g00kyre5_aUC4^GF_9PUx)WHA)^sam7voGAfyoY&eZ7<!C+dj3ek^a`X$gN1tbTIDBuhoP6RP66YAbyQvk*986>o09GJyu=NRw^kvct
?{mj?}`<S5eAFIC*JCJZcq|#xb8#rIydoHnw%}a3RO5DZ@GUdj#sG;EI#3p*g!5e5;0kL5O^-Y0+clB)iv=>#1A^8WCYNRZMN*l5ILTvv}zEXT+BQEiRNC
~MvQ29>16i{n{D~L9frHR;3^(pVKp5M8Yupo&}D3RJWsC?RiDVyP_30q|&P2(720vH6i&K6u;1zY66t-^{`gsOjOdytY=U|^=L_;D-0%s;c-f-XN2N+6yn
p{y7TECT9FyOo%OhRB}Y)gj$uNU9DUV8XrZm<)D@fo2?Q@Zd=lg#EGj%ibesi^Jx8z$OhBd|rI0nE#ZvX~5QKMvN5b#Y}n=7U(u%q1Hak>oH-j9wR2}?Zx
;BJ!U92VD=Fm##L!B)4Up!6eux6iyT{Plw#cGI?S6_gYg@=*p{di<95+8{d7Jio=Bl==Pt@AkD#H7AWClYqO?L68tWNB8G%96Am~9ww04x$(1h|QM5wHfi
>5Y8(CAD)+8^6Ptf2_vZ3!Wi${9pJ9!GpSGa_#`BF=?Y#In|eSe1Olo5w~pb43Vy{@{TN+l7?&b!aM?gRG%x$P|x2#d0t7_`9HcPzhthjWDrS2~%yAkUvF
-(Ook1x^@A{zYWaC%fK1*0mjY@pqU-O#Tx<6IRkKTjX=}Z0Ssa}P~}U3cSHb$y#k;uW&z<o1H_gKK|oIe&Z>VU%wL8Qe{=NzHlq8DVCiS<)IDz34{4*{^L
xL!Rs2bG`TZ^JTe8hJjoLS;#@D81zwRh}ma_g8>+V+-f~P&lH`Yp@H1u6hE!@<39;NnQRmL7RR9z8GJrY!&;&nVMZM!^Cc1Eqv^-kuPVkf1$XA`t6p8S+}
B-7S>Qk0)fk08?g6On}szLv0dc+yji_s!!JP8bVjunW_J|5EK{FSX$g;+R5CP$-b8COr9p)*T@(G0wg~=qyA+21G|8Zhx$9LAw;_L4r6m2@i_UE<H%C;nt
U6a2ONh1g62(o039kOiO$sugjS0KqvPJYrC1d9ylP!G#0Ff1Eyy2+k2R;3nWs==mx0!ADtSZ(XgUOmdb*<<8ZVA8%sjx5nwp6?OtTy4R4%Kd!cavFGB;J(
8fph&dC3EPzQ8}U_V9R=?UX{tk{d{^y#F_`};_kkC3Ejr7vABzyt+wQ-CNBp{)?k79jl!!gL>QVHvX}p#I}_9guec#u0A(oh~zOeh4-_5P3Jgd>%4+glT?
;MoMh`kKTeTQcrTmP_=+K9U@N50mpsf`a!O3kvOrJ)_y=tFtO?b!e|?Ac^TT$JD+iBahtWspaq$$M!d&c#VSy4=<IF=mY#iL+><1(>5hq>0aCikmY2?$%S
%s=k<vrQDWYR5Ni=KriKOy4Q7+shM!MIC4sL*G+np!Ib|;B?lAUN9H4&$lyNIm%79wj$L?qwm5KW>YB0aUA#;yyexyn6hX0I(RX6#7|h?HsUZ9$r+xj2nV
-Y3{(L4rUuNf4O&2;s1T5OD|yi9HIzqus`P4!n5fmIa@p>+qWTT0FUfj*sOhafWUmj$UoY(dzU#PpAQxC}H8uu6>Nxy@D}f4$Pcq#q=@>7OUoA6hR)AQtz
PD*;zDT7)4WY9m*Y(qoXl8+TTw{1=V|q!99yuS0@mGs1M-{wIX^_Et2RjM+8g~V$V-N>7E~Y1YXFP9fYcyAsDo%V8Bxc-9A249Z{i`l@I$h$3VplgMR%YF
pjwZecuTf8-0Kj=m+t(c3|C>gJg{ukjKTqZQuZTq#Rfa^8s@&56H~_;q!k_FZv6u?l-=^p9?Dfhd1%XLB*#6#m9n`Z<5L1GArMVx?lB-zhq~=rByr=racw
nJm(ERO_Sc*ia#nd-J%vh(yzLnAYb7&U*b{DkpkBu3lB4e=ft#gs<teR>YQ#gN3wBBq&?}1<}jlfdKHd3a5_Lv(=_0u4LRa@yh?Lw{2(Jpedqz*$R6lzBg
R@z=h`s(5#b<)u-^>xa;(2&|7=ZztNc?)0>Ya_jt#U>k?DuGl9_>@j;=%5Fs`W*YTGkJ$5?%721kq&lp)3#+FptJUNw%T+3aAFj82N+Y6SYXh)sorgdNA!
V4W&xO`vflapBb+d0Lc})mD&spu!hz;Y4;UCPHIPFqB6u3lVlEh;mK3GlCcWW_1YJh~t=p__|iKZxx}Lk(e7Zo3IfJag>A;mZG&XP~U?$)k2K|+nxfUa@f
cK`61+>4!>X}IQ*Dv8eiIeBJ#%ojaZ{59F?LT9?+0aY?hulcq<u6U!6KBDL>JrNGEUL_B#p67d$aA(nY8qM>zM>WZ%=*z}jyOJS?-|+qjub2`D_q`ls<#4
e91%6VC@*m+X5^$P(}5DpdQq{hU;;R+e{$Ezds_<m8{>m*kyct{vsd$M<t7_oKO_`t@9?dNJ2vo6KFS7|K;OcIR@1O}Uf+FL%O6$#sP`Pit3aPqT*lPJ2t
5PTR`Zr{%{xr;OFkQ)``Fr*u8lr$UTWj;+j<GqtD95m+j6*uI@?%7`^PS<#sNpggl}!MT&pGR;ZFWbsM<Lh!_dPj`aFD?j0iZ)9m0hO7r~WgS>HGkH~(%+
W<brlWN`<ACYNa931jB$M%U<L-DmDO8`H%1aT|4Nju1rIjcvq7x<B)wE<(nWk9aq|qvO2owA<LO(}NNYU~MY*z^HobAQ){mpn*FoCny_;Hs0J{-4OjEgRn
;8@+u7>z!H>5MHHMaIWyl5Nxy4WdrR80v|sP+pe|wK(^Xcw-FlJOFa}m<5T9YY>ZHh)5l5L~h%I8l4x$#sbhqGQ+5A5C-Wo=<2D4fub^KnxR0iE)Jx1D}Z
SX1D@FoM4eV3D;xs8Ko_tcNP(!Z9>gD5VdiEY(6yEWQgtDqkjOyI`Ne_hZ=R-~I?TW0^nTA*|CzP-JEXObosy62bzir5UUcbSGS<DdHTF%8BU``oj(_0}H
GI=hemmUos6GEOt@JXd>CQy&<*nWvMl@Gean(1L;qAB<pFFKH6Xh*ATw0Ff@Qk)To9#)L>Q4_8LVq4{t(IUlUJz1XuNJZ9oeS<k{~_Wo%n)t@oiV$Tgd}w
+jgecwO{gq@+^TCw-I<hMxCc(`afrbvk_;oRx)XBhnMwLtnx9ZgMor6^Vi`WvPArqB8G3Tss9DUibA!zp(t51^IY}(7gPU%dIXSk4wO8Yp8er-{n#-_Q89
G_>Aa{iQ2GnlIs;JA5an8?q37h37Et>RU25#|fSzG47Fe>|lA(}B(hHV?sR43A%#Mz{o^G4#%Dvq9fcyS@EMwmm}&6z;kIEeRT$raHY+zq7-<>N@j_zDLh
)`fS`@oWjcV(xrwg(z;w*;Ae@s=!zt!ck|MP(nPWW$zav$-Hy(wV6CGQccaaYH-44bhQ>8ry^E25^YG^O`^JEUz-W5aKtxTuu*I9PGo)ij$$@>N9M@CODU
(`<=0W~(vL}Z{RhcAQ{6jv{HmopeCqTa@#4T8MThK;aijFk7BzmmzhL~fwyx#2ZL8?E*133#9ca6yb`;zSIHzt>7wT@xxvMw0)6F-8rLo7>8a0na%6G2|r
n;_s#?~Ko9Lpb7b9~o?bAoHu;P_S5RNmF3Tl+{d5V#ViRb7cVt(SQd`<FCB4VP%0^AAgs$&0#Z>qX1a+=W;V?SeU}f5^DJaNb2_pO^Xv&sjYyXJhr^v!O=
&8U1E7cZ#FSweQcIj+K_3mIV4wZ5dKI%u-3t7IQ9JC6i`PDC{RSZqCUm&cF#Zhj~KU)|oXCWn@Jv`!oH8luU`hl#%Kx&Pd6e=|(|yx@T^g7#x)mjr|40wd
&q9RUt2pnp!6aJ6Z|Gni7KA=*1_FjCjik3qM*hjWg~~;?@c|ICIY-HfkQn9F#`PX=%jzY3rzy>q7;*TGYDLit_DwD90B@!lGG3G@?fs^W})<f!$C|k`Z;w
5ljfDpe@e=qfJdPr58bGs0!-a%AkQ10EUAI;JCtoQaTA3MS7qa90m$*6Nt6819l-DaHIktla~QHhYccipIa-xG)YN75&vPr`v>O1+Z^#P4{AS@P`{(^|2B
2>>on<8V%c}86;FubUo&y9^6I{!>b}hGxI>~}O);OEl3a25&l{4LWb2n$mFI&c7yO)Tx8$mxl+IeZQcZ^Zz{8;>VyGmCRP|Vu=tRJHu}^^$Q8Vbx=Y%!cb
vtma<LrGW7T(Aasj?!&Spi*I>^O_Dj9;2ViiN~lDX@+|qUE1hT_b1;vOQ}!)fk~|BQw^V>FmsH%g4=-vb6b+wKgM%BiWIo?9mD$^%&umV^jem=>RbjMsnx
mnICe5FOM9d_qzxh5<=<ATuEkak#lOB@QSI-JbF4`{79`Qd+&g7P?k}%kS2-Z1t!95PuegQN1MsrJ5JY&@sxuzJI>QXx-%NlDaHiaI7&D?#u*zf&(QG2ns
XZoETl{m)?p=OmkwI9_wp}VTh5O}k#26fZQ*vq{^>?7-ZYXkJb@WRz_fa{A#kI%;QZS7<>tNfmiZHHlJv>^G@UA4eJl!)(z_;XzB!_+!*(x}2;Pf^_wVUU
1)m$GC7-99^v{`_1)nR{6Zew7#e4C>;d=tT;vS=^;2xuI@-s(L_?ev%{8V>T|EXqU=@Us2^Ap{;`MdP-z{i3>$;YGRjUOpiwcl|KOnqBj;ro_NzWU)r>B<
MP_UQY}+0Zw=BQx)rEz|F+R)@a9t7&_OA&|dqitoLt74N)}TAp~F-KBc%ps488SVi(>)lC0Ov~}f+-oxS-)|MBZ_nF$hreJZuDm1S>>oLxJMbcRHj7LOy+
A1(T84b)nq2f~?*9ea9L|rqt^=#d(m_~BbwOo87TD^Qd#9n)pRNHcmYj3}5E$ezD(ouCq$EIKAPcSaA_V+IGQY9C|=HrJXok!>8<%08!$(nOkf$*$iVEPQ
#WzP*cdQOMuW2e^Su^efKEl1;?%=YpFCw=++lR8t+33)7@<(ijf1xklAUBh{q!iBC3d&_RR%wCfo=~^P1ZAzk3?n;xod((V*M+CiKgb>`N5?p)_-aT)|M~
7E%{HA%Fc(5E79b@69<U<(AH;kE%L#V1gg>o0CQS*8gYISnaQPL{ncKeWiyBu)~JCLZ3i7>)JNRF&R<F*+lXGb78#)VV64{&U$2r?&jfw|QQ9D@tMG%*bv
1}%sR+d-_r0a#6Zz>k#ze`h(M&lLkU?FS6o-};MqAldpo7yC1py$l#fzizI4Q<(pzpznun#+#buCqtxPQL3)WR_~}?kLr|HsVnblryrK;&slq4wv6B9D=)
iOPsuHrx`La`$|pmVr;C?>$o7<2@pxIoi9}htawYA+da06!k%nI});~J5ipcmExaR^S;#lX&RN?Ki?Nf=$H+$`w)PXZ`er`VbjBg8zu`VjY7Y@2FcjR4Wj
Xk7};H9NtgmWu=|4|$B?r!%T($TYpBUz2*NKARF&y!X<jT;pp5k+S3=t6TJ&Se98%ZOf@HQk4I*ztXGoOUKl&BMZ#r|Sw|9_4+-P;q*Wl&vwJ?9D?Q<&RZ
GFP9ysb$8)Y^*5>uzv|e#6`X!_asLbJ=mj<N&6@tNwYOcn-wZ_?=Z=@oNQQ39xS8zL6Fu5zy2j24N6$25-Iu)MAAVOjnbjD5c4s$h>F^YN<JNv9QdgFv;e
q>!oBFa_hGWri-kB<2w68Na+Q4fC#!Y)G(ARIag01Ny6>yo#RlqSVRRPWbSp^u}SSzq{hg$*L#AyW#r9%l+dHG6UptZMvXo*Duyxo>&Ff}(M2T{JI38b1H
(6vNQX#^UltpRvjD<y!hv50}8=tu<m2dZm<s!Lk~4r(3MK)pO)1&j-8mB2=`RDeKDZ#f7VJIa7`lU53B^>Yjmn3vK)C|XYg!LqG_2Un5vfy}x{0s=n&KjF
dXzowK0|J1DJ{ark_{+9!e?oS8H`G2r9(|@bmUi-CSvF4Y0_0rEMTe1ITH8uapC`kQ~RnPvuXx(*BVV?Swu3G&#6q^1Hd${CVijlte#ap`f95&TAf{n9pZ
3V1v2$y-Ukt-ChXoPz&MpPv)L>$uR`x{fwg@>A-wYr4Q(BzFz^>1xFA>vNn6%`lWv2R!1GBQ~=P0WJFqUPC0NeheD7{i7~5{=p`&e`}S$)@As35ow=L|S|
yyu^6Ozi&Dx-i@6VE+o%PL@IODro!C7jOA2Hu#&UJp3W9AeJ4pHp_67t-HB1pWR|g|E-Svgn?djD%;-1iGbEP!bob_cqH)TZ=26LrbXiRrGu255CpHMQnK
?Xfv;rSe@p00lCY&fdi{tF{<FpDRstitGW~v73XGD+ybqzI493k9%1!`+9MtG?{WTJtDr26&9=#mhsT9%>CH4Q~$8pv}?ps`{TL=4MNZ!-ZwzZVEv`v5s_
0<7&90eS5|$+K)2>v)jHlIIf3wUFWZM3O27`i7sodVe4bQ~{OeCBNm}NY7^nyFV6nr_o|h2kVPLu=#Yd<|k%5X1o6a#rDO4DT|-?Bsqo2kN?a`-4jW(Jol
gR^8V7;i*DrQjPRb~1%G2}f3tY+iopAb-T#lH?l&WCke;}=I(Aji{C5A&<3>8Bb7aQnpV$h#J8n3qD?C@=x-H>+bJ=%N9{+uf=jYC$*QDF;uasOov_8LM_
>ebT3;cm+7xi~YvCn$6guM1^bE`LdOz8sO_jQfAdo9?8;M5TJM=m`V^yHQ#|7|N%f&FC8?)2yU`1?8zVaar2QgUw1msL>oCX4<$!}YuB)*p?TUNG?PaCP{
j!RPjVS0#On;re6C)_*j8ujprA?_htEe4I5lbz9c@R<kcxU6sD8d0*6fJ|ui}Y5KjQjSKs_%rWw5?eVKeU3aRCZ!qXzD@{E$aV#p&zdNrSq-@?6?<>8qzp
Z=$dbr^Q$fH#FpkT4d2VIjEA57&lebB=UEI>MkwE!i}axbI}i|1jYJI@34{WdoY?Qv$IZK`1g8oTPJ;b{Hp1f&JV9WbU{8-dczhWk+2qO-zi7kLo+`%`_;
&TKV8nTy*Eot3OksBW)rhf`(at<XPJ)(lDRsz&G*uZW?e!&?KHE$vk>py5<NeX5xSUE-c%7?`W1LW9hn2bo19Ng%DC*aMQ?i71eI3O9fu#S4L0L(C7v_11
YHt7FXqX7S+!5Kfv$0Y6VR48$v*0U$n-^@5bGqYKc&tr|d<JrFFrcwP?d_ahB}!%~TWAhj$23~d1qY*}e+kdPmg0RA|S4iuYy3J4ufkbrhd`Tr;z!N2qT<
iF}`cmJR(;{R4qdGJdgL-BKMQTvanR>~LlI@<TtlO>-SG@|cvYKy-ew2Xbgjy1hUpNqdOR7&5XRPVkjFjT(kwhLbjvUi?$1bd!~MN(gh4pcoO6nUQv<U1b
^#(VE5R<>@E$i^Gq`owixANkQWzv~f60qcrDws46wl6+Wb;as${HqJ9kSI@`QO=klWp)(dwPp)9H_EcbH=#;OkKgYK+kR4dA$c}k5Sz)f_1aoaY(|$OTA*
k-kU>@7kJ-w~z^t!rq$^2?s$i7cd?lusd2c>E3CM7}Xslf?W%JBUILL9l6hHcHa;3hbHOjdJ<s>HpRS3^ZdMSeuawjv?+B5EG%LwwFf7&;UpYio7Llt~Fq
VjkkPyP$hl2b86Iz;8@J%W4-WZn)qX-bB3dJEr&pK(OX=RdhICahH+r1c9U<Bm}j<)q90|bSJ2?0j6FB`+9!v@O~DLexccVNR(HK>_)#MbWH<k^@oe$rz~
s#@i_TlfbuJ&_7f%F59Zd#z?SN_f_M$I9-b;6WdSL<0N7F-P#eOtTyJadE_S{;QTPuF|0SB{TborF&G7fe=+{H4SA6+DSfUI86R!~3<9{tWssPlPA63;2!
^F`vQp^39#ZV7QW?$bX-K=Ha2XZkTBoEKAyCz{JeHiM-i(o;~Ta^B%T+7p7x1|e?200)y@}ufT8H`l^HW9vERY>GkW{L-!z<t*{9izW!*L+7hy9~CKP7o?
s0cHCy_NsnfT!_pTW^3KgFH8RDaRKd?0ko^4(6Ffm@%m5a@4tI!ILYeKfxrlHK+^|yqGCXMFl_shbs*&XQretbvzr8Z84dWGe%PD%Tp|2-wa5(Q$D&5+=S
!++k@r)Fe#U@F^hzVfJ@ocs2RefZ6SjAnuyEbpgO#q!glz@8dNIe5z=&-*b_|$&QmMy0y=6M=fWhp*c>HQL#^KwQSgf;1jzt+7DHi2~L>Q~NUVz2wG+azR
*UrLBYdv&K;PK>RoP|^pjVbcuC~aLDLBpNhK{Vl3E}&9oo%6xgIfD9D1_x28+R=^L3d9;TCebya)}bL0nv&5fQL3Y!fl^n>C@8y?oj{VQkxeAtI~_m_9h5
mFY8V<r*c&^8h=(<7K=_opHpDWJ--yIQb^&4-KQ2Q^<9&sQsC(-Oj+RyIK)!5f6>5wRbTGI*Fb#c_O&gq=9_)uQCbJXT*AuPKHZw1UG^e5(>Qz-7NN-pyf
@@Jx9*h`hhk#RV*aZDeBP$@9&@KR$VSX0$=j$E7sw=Sq&*4TNpf>5dL7acA2D0wK2mB-BNPv3OB?R$7eHGx!A0VxrM=1fq?WO{txgQ{b(bfC^W-1r|cCb+
MXPHI)TbDWTD}HJ5Px^~kKaPj|-;3pye$MY}{WzF(e9N1s{*b%4@|K_Fe}iiGy=M2BU+JfYUZ6y~zpjr;o@K8sK5cVUJ}ItPd@9~<xFhVIddxGnay>a(bK
TY~dBjvXdQDR_b;+mSyufRiy};28U62<|on;RmotG_7ok}XU&e)E9+5N_*(|juJWU{F?OJs^<J2_P+MK*KBR7EI@)7ea*j_5LEd$CN`ZW|%NO{Im_O9?EE
fuPW|;9`e%0<A}i=jH9;CG;(f-_1h!+zm`eTf~{Gs2I6z9+L@7z^v;<UG0O2ZPSA|8%%)I$Rvo1f65fy(6C4t*&{{DLt3D(rl83oCc^bo(50V*m<_0Tt`>
|ilt5@}gpwXE;0KjJK2{90Niy*JRzUCe`=LH1+P_{4syo8abU;DrwIpb0T}Nt10>JAf1DD4QS1Tzny6FO*wQ8tdeXh@~h9SKRDU2hQAlhR3smxmledS)T*
J=c0V-GB3{f?&Q!s-00h3=oF7Fv*|h7}mj`%j8_R<rxx-N990<Fo+VegQPq+)z%jLCrV`bS$@mRT3X)U7c7R<35Pb8(@C<<Mkc+fHuE~<S#a%e%m9}sy7A
$FtV<JvwSkB@{ob(;0PV7WWXKWDopHlz<qNyViUZf82Dgt_ibK#FS5ozUv<A8cF%KQsV<wbIEi){B9JysLk4EK54ubZIE-@8WUE7TZCgO2m4c%!H7aOIfl
AMxyR<hqmaa+cCD2cPsp>u*@wESP-&G4K(*ZyVmw?jBG4THZ5&^!o
"""
