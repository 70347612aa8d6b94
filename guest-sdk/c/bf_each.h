// Lists of macro arguments: BF_EACH_(m, a, b, …) is m(a) m(b) …, for at most 64 of them.
#ifndef BF_EACH_H
#define BF_EACH_H

#define BF_STRIP_(...) __VA_ARGS__
#define BF_CALL_(macro, ...) macro(__VA_ARGS__)
#define BF_JOIN_(left, right) left##right
#define BF_PASTE_(left, right) BF_JOIN_(left, right)

#define BF_PICK_(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, \
  a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, a33, a34, a35, a36, a37, a38, a39, a40, a41, a42, a43, \
  a44, a45, a46, a47, a48, a49, a50, a51, a52, a53, a54, a55, a56, a57, a58, a59, a60, a61, a62, a63, a64, picked, ...) picked
#define BF_COUNT_(...) \
  BF_PICK_(__VA_ARGS__, 64, 63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, \
  41, 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, \
  13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, ~)

#define BF_EACH_(m, ...) BF_PASTE_(BF_EACH_, BF_COUNT_(__VA_ARGS__))(m, __VA_ARGS__)
#define BF_EACH_1(m, a) m(a)
#define BF_EACH_2(m, a, ...) m(a) BF_EACH_1(m, __VA_ARGS__)
#define BF_EACH_3(m, a, ...) m(a) BF_EACH_2(m, __VA_ARGS__)
#define BF_EACH_4(m, a, ...) m(a) BF_EACH_3(m, __VA_ARGS__)
#define BF_EACH_5(m, a, ...) m(a) BF_EACH_4(m, __VA_ARGS__)
#define BF_EACH_6(m, a, ...) m(a) BF_EACH_5(m, __VA_ARGS__)
#define BF_EACH_7(m, a, ...) m(a) BF_EACH_6(m, __VA_ARGS__)
#define BF_EACH_8(m, a, ...) m(a) BF_EACH_7(m, __VA_ARGS__)
#define BF_EACH_9(m, a, ...) m(a) BF_EACH_8(m, __VA_ARGS__)
#define BF_EACH_10(m, a, ...) m(a) BF_EACH_9(m, __VA_ARGS__)
#define BF_EACH_11(m, a, ...) m(a) BF_EACH_10(m, __VA_ARGS__)
#define BF_EACH_12(m, a, ...) m(a) BF_EACH_11(m, __VA_ARGS__)
#define BF_EACH_13(m, a, ...) m(a) BF_EACH_12(m, __VA_ARGS__)
#define BF_EACH_14(m, a, ...) m(a) BF_EACH_13(m, __VA_ARGS__)
#define BF_EACH_15(m, a, ...) m(a) BF_EACH_14(m, __VA_ARGS__)
#define BF_EACH_16(m, a, ...) m(a) BF_EACH_15(m, __VA_ARGS__)
#define BF_EACH_17(m, a, ...) m(a) BF_EACH_16(m, __VA_ARGS__)
#define BF_EACH_18(m, a, ...) m(a) BF_EACH_17(m, __VA_ARGS__)
#define BF_EACH_19(m, a, ...) m(a) BF_EACH_18(m, __VA_ARGS__)
#define BF_EACH_20(m, a, ...) m(a) BF_EACH_19(m, __VA_ARGS__)
#define BF_EACH_21(m, a, ...) m(a) BF_EACH_20(m, __VA_ARGS__)
#define BF_EACH_22(m, a, ...) m(a) BF_EACH_21(m, __VA_ARGS__)
#define BF_EACH_23(m, a, ...) m(a) BF_EACH_22(m, __VA_ARGS__)
#define BF_EACH_24(m, a, ...) m(a) BF_EACH_23(m, __VA_ARGS__)
#define BF_EACH_25(m, a, ...) m(a) BF_EACH_24(m, __VA_ARGS__)
#define BF_EACH_26(m, a, ...) m(a) BF_EACH_25(m, __VA_ARGS__)
#define BF_EACH_27(m, a, ...) m(a) BF_EACH_26(m, __VA_ARGS__)
#define BF_EACH_28(m, a, ...) m(a) BF_EACH_27(m, __VA_ARGS__)
#define BF_EACH_29(m, a, ...) m(a) BF_EACH_28(m, __VA_ARGS__)
#define BF_EACH_30(m, a, ...) m(a) BF_EACH_29(m, __VA_ARGS__)
#define BF_EACH_31(m, a, ...) m(a) BF_EACH_30(m, __VA_ARGS__)
#define BF_EACH_32(m, a, ...) m(a) BF_EACH_31(m, __VA_ARGS__)
#define BF_EACH_33(m, a, ...) m(a) BF_EACH_32(m, __VA_ARGS__)
#define BF_EACH_34(m, a, ...) m(a) BF_EACH_33(m, __VA_ARGS__)
#define BF_EACH_35(m, a, ...) m(a) BF_EACH_34(m, __VA_ARGS__)
#define BF_EACH_36(m, a, ...) m(a) BF_EACH_35(m, __VA_ARGS__)
#define BF_EACH_37(m, a, ...) m(a) BF_EACH_36(m, __VA_ARGS__)
#define BF_EACH_38(m, a, ...) m(a) BF_EACH_37(m, __VA_ARGS__)
#define BF_EACH_39(m, a, ...) m(a) BF_EACH_38(m, __VA_ARGS__)
#define BF_EACH_40(m, a, ...) m(a) BF_EACH_39(m, __VA_ARGS__)
#define BF_EACH_41(m, a, ...) m(a) BF_EACH_40(m, __VA_ARGS__)
#define BF_EACH_42(m, a, ...) m(a) BF_EACH_41(m, __VA_ARGS__)
#define BF_EACH_43(m, a, ...) m(a) BF_EACH_42(m, __VA_ARGS__)
#define BF_EACH_44(m, a, ...) m(a) BF_EACH_43(m, __VA_ARGS__)
#define BF_EACH_45(m, a, ...) m(a) BF_EACH_44(m, __VA_ARGS__)
#define BF_EACH_46(m, a, ...) m(a) BF_EACH_45(m, __VA_ARGS__)
#define BF_EACH_47(m, a, ...) m(a) BF_EACH_46(m, __VA_ARGS__)
#define BF_EACH_48(m, a, ...) m(a) BF_EACH_47(m, __VA_ARGS__)
#define BF_EACH_49(m, a, ...) m(a) BF_EACH_48(m, __VA_ARGS__)
#define BF_EACH_50(m, a, ...) m(a) BF_EACH_49(m, __VA_ARGS__)
#define BF_EACH_51(m, a, ...) m(a) BF_EACH_50(m, __VA_ARGS__)
#define BF_EACH_52(m, a, ...) m(a) BF_EACH_51(m, __VA_ARGS__)
#define BF_EACH_53(m, a, ...) m(a) BF_EACH_52(m, __VA_ARGS__)
#define BF_EACH_54(m, a, ...) m(a) BF_EACH_53(m, __VA_ARGS__)
#define BF_EACH_55(m, a, ...) m(a) BF_EACH_54(m, __VA_ARGS__)
#define BF_EACH_56(m, a, ...) m(a) BF_EACH_55(m, __VA_ARGS__)
#define BF_EACH_57(m, a, ...) m(a) BF_EACH_56(m, __VA_ARGS__)
#define BF_EACH_58(m, a, ...) m(a) BF_EACH_57(m, __VA_ARGS__)
#define BF_EACH_59(m, a, ...) m(a) BF_EACH_58(m, __VA_ARGS__)
#define BF_EACH_60(m, a, ...) m(a) BF_EACH_59(m, __VA_ARGS__)
#define BF_EACH_61(m, a, ...) m(a) BF_EACH_60(m, __VA_ARGS__)
#define BF_EACH_62(m, a, ...) m(a) BF_EACH_61(m, __VA_ARGS__)
#define BF_EACH_63(m, a, ...) m(a) BF_EACH_62(m, __VA_ARGS__)
#define BF_EACH_64(m, a, ...) m(a) BF_EACH_63(m, __VA_ARGS__)

#endif
